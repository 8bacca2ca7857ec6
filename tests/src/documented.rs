//! Proxies in front of the service, with the very lines of docs/proxies.md.

use std::{
    fs,
    net::TcpStream,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::{ports, process::Process, wait::until};

const DOCUMENT: &str = include_str!("../../docs/proxies.md");

/// The programs of docs/proxies.md, by their headings.
pub const DOCUMENTED: [&str; 4] = ["nginx", "Apache", "HAProxy", "Caddy"];

/// A proxy on loopback, without TLS. nginx and Apache have another host besides, which is the default one of the address.
#[derive(Debug)]
pub struct Documented {
    port: u16,
    process: Process,
    folder: TempDir,
}

impl Documented {
    /// Starts the proxy with that heading, which passes on to that port of 127.0.0.1.
    pub async fn start(heading: &str, to: u16) -> Self {
        Self::run(heading, &lines(heading).replace(":8114", &format!(":{to}")), None).await
    }

    /// Starts it with the lines for a Unix socket.
    pub async fn over_socket(heading: &str, socket: &Path) -> Self {
        let row = DOCUMENT.lines().find(|line| line.starts_with(&format!("| {heading} | `")));
        let cells: Vec<&str> = row.expect("a row of the table").split('`').collect();
        let instead = cells[3].replace("\\|", "|");
        let lines = lines(heading);
        assert!(lines.contains(cells[1]), "{heading} has no {}", cells[1]);
        let in_chroot = Path::new("/").join(socket.file_name().expect("a name"));
        let path = if heading == "HAProxy" && has_chroot() { &in_chroot } else { socket };
        let path = path.to_str().expect("a path");
        let lines = lines.replace(cells[1], &instead).replace("/run/itseme-http.sock", path);
        Self::run(heading, &lines.replace("/itseme-http.sock", path), socket.parent()).await
    }

    /// Starts it. HAProxy reaches nothing outside `chroot`.
    async fn run(heading: &str, lines: &str, chroot: Option<&Path>) -> Self {
        let (folder, port) = (tempfile::tempdir().expect("a temporary folder"), ports::free());
        let path = folder.path();
        let command = match heading {
            "nginx" => nginx(path, port, lines),
            "Apache" => apache(path, port, lines),
            "HAProxy" => haproxy(path, port, lines, chroot.unwrap_or(path)),
            "Caddy" => caddy(path, port, lines),
            other => panic!("{other} is no proxy"),
        };
        let process = Process::spawn(heading, &command, &path.join("output.log"));
        let log = process.log().clone();
        until(heading, || TcpStream::connect(("127.0.0.1", port)).ok(), || log.tail()).await;
        Self { port, process, folder }
    }

    /// Returns its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends it in order, and returns all that it has written, to files and to its output.
    pub async fn end(mut self) -> String {
        self.process.terminate().await;
        let mut folders = vec![self.folder.path().to_owned()];
        let mut all = String::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("its folder") {
                let path: PathBuf = entry.expect("a file").path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => all += &String::from_utf8_lossy(&fs::read(path).unwrap_or_default()),
                }
            }
        }
        all
    }
}

/// Returns all blocks of settings below a heading.
fn blocks(heading: &str) -> Vec<&'static str> {
    let (_, section) = DOCUMENT.split_once(&format!("\n## {heading}\n")).expect("the heading");
    let section = section.split("\n## ").next().unwrap_or(section);
    let blocks = section.split("```").skip(1).step_by(2);
    blocks.map(|block| block.split_once('\n').expect("the language").1).collect()
}

fn lines(heading: &str) -> String {
    blocks(heading).concat()
}

/// Returns the lines that the default host of the address needs as well.
fn of_default_host(heading: &str) -> &'static str {
    blocks(heading)[0]
}

fn written(path: &Path, text: &str) -> PathBuf {
    fs::write(path, text).expect("its settings");
    path.to_owned()
}

fn nginx(folder: &Path, port: u16, lines: &str) -> Command {
    let (path, default) = (folder.display(), of_default_host("nginx"));
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|part| format!("{part}_temp_path {path}/{part};\n"))
        .concat();
    // As Debian has them: an access log and an error log for all servers.
    let file = written(
        &folder.join("nginx.conf"),
        &format!(
            "daemon off; master_process off; pid {path}/pid; error_log {path}/error.log; events {{}}
             http {{ access_log {path}/access.log; {temporary}
             server {{ listen 127.0.0.1:{port} default_server; {default} return 404; }}
             server {{ listen 127.0.0.1:{port}; server_name 127.0.0.1; {lines} }} }}"
        ),
    );
    let mut command = Command::new("/usr/sbin/nginx");
    command.args(["-e", "stderr", "-c"]).arg(file);
    command
}

fn apache(folder: &Path, port: u16, lines: &str) -> Command {
    let (path, default) = (folder.display(), of_default_host("Apache"));
    let modules: String = ["mpm_event", "authz_core", "proxy", "proxy_http"]
        .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"))
        .concat();
    let file = written(
        &folder.join("apache.conf"),
        &format!(
            "{modules}ServerRoot {path}\nServerName localhost\nListen 127.0.0.1:{port}\nPidFile {path}/pid
             User www-data\nGroup www-data\nErrorLog {path}/error.log\nLogLevel warn
             LogFormat \"%h %l %u %t \\\"%r\\\" %>s %O\" common\nCustomLog {path}/access.log common
             <VirtualHost 127.0.0.1:{port}>\nServerName default.example\n{default}</VirtualHost>
             <VirtualHost 127.0.0.1:{port}>\nServerName 127.0.0.1\n{lines}</VirtualHost>\n"
        ),
    );
    let mut command = Command::new("/usr/sbin/apache2");
    command.args(["-D", "FOREGROUND", "-f"]).arg(file).env("APACHE_LOG_DIR", folder);
    command
}

/// Only root can give HAProxy a chroot.
fn has_chroot() -> bool {
    rustix::process::geteuid().is_root()
}

fn haproxy(folder: &Path, port: u16, lines: &str, chroot: &Path) -> Command {
    // As Debian has them.
    let global = match has_chroot() {
        true => format!("    chroot {}\n    user haproxy\n    group haproxy\n", chroot.display()),
        false => String::new(),
    };
    let lines = lines.replace(":443 ssl crt /etc/haproxy/api.example.org.pem", &format!("127.0.0.1:{port}"));
    let file = written(
        &folder.join("haproxy.cfg"),
        &format!(
            "global\n    log stdout format raw local0\n{global}\ndefaults\n    log global\n    mode http\n    option httplog
    option dontlognull\n    timeout connect 5s\n    timeout client 50s\n    timeout server 50s\n\n{lines}"
        ),
    );
    let mut command = Command::new("/usr/sbin/haproxy");
    command.args(["-db", "-f"]).arg(file);
    command
}

fn caddy(folder: &Path, port: u16, lines: &str) -> Command {
    let lines = lines
        .replacen("{\n", "{\n    admin off\n", 1)
        .replace("api.example.org {", &format!("http://127.0.0.1:{port} {{"));
    let file = written(&folder.join("Caddyfile"), &lines);
    let mut command = Command::new("/usr/bin/caddy");
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file).env("HOME", folder);
    command
}

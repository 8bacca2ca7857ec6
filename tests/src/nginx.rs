//! A proxy in front of the service, configured as in the README.

use std::{fs, net::TcpStream, path::Path, process::Command};

use tempfile::TempDir;

use crate::{ports, process::Process, wait::until};

/// nginx on loopback, which passes on everything.
#[derive(Debug)]
pub struct Nginx {
    port: u16,
    _process: Process,
    _folder: TempDir,
}

impl Nginx {
    /// Starts one that passes on to that port of 127.0.0.1, with `forwarded` in X-Forwarded-For.
    pub async fn start(to: u16, forwarded: &str) -> Self {
        Self::run(ports::free(), "", to, forwarded).await
    }

    /// Starts one that takes HTTPS, with a certificate and its key in one file, and passes on HTTP.
    pub async fn start_tls(port: u16, to: u16, certificate: &Path) -> Self {
        let file = certificate.display();
        Self::run(port, &format!("ssl; ssl_certificate {file}; ssl_certificate_key {file}"), to, "").await
    }

    /// `listen` follows where it listens.
    async fn run(port: u16, listen: &str, to: u16, forwarded: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|part| format!("{part}_temp_path {path}/{part};"))
            .concat();
        let settings = format!(
            "daemon off; master_process off; pid {path}/pid; error_log stderr; events {{}}
             http {{
                 access_log off; {temporary}
                 server {{
                     listen 127.0.0.1:{port} {listen};
                     location / {{
                         proxy_pass http://127.0.0.1:{to};
                         proxy_set_header X-Forwarded-For \"{forwarded}\";
                     }}
                 }}
             }}"
        );
        let file = folder.path().join("nginx.conf");
        fs::write(&file, settings).expect("its settings");
        let mut command = Command::new("/usr/sbin/nginx");
        command.args(["-e", "stderr", "-c"]).arg(&file);
        let process = Process::spawn("nginx", &command, &folder.path().join("nginx.log"));
        let log = process.log().clone();
        until("nginx", || TcpStream::connect(("127.0.0.1", port)).ok(), || log.tail()).await;
        Self { port, _process: process, _folder: folder }
    }

    /// Returns its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }
}

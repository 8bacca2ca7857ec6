//! A Prometheus that watches the service by the alert rules of `contrib/`.

use std::{
    fs,
    net::TcpStream,
    path::Path,
    process::{Command, Output},
};

use reqwest::Method;
use serde_json::Value;
use tempfile::TempDir;

use crate::{http::Http, ports, process::Process, wait::until_async};

/// Prometheus on loopback, with its data in a folder of its own.
#[derive(Debug)]
pub struct Prometheus {
    http: Http,
    process: Process,
    _folder: TempDir,
}

impl Prometheus {
    /// Starts one that asks that port of 127.0.0.1 each second. In the rules, `hasten` replaces each text by another.
    pub async fn start(target: u16, hasten: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut rules = fs::read_to_string(contrib("itseme.rules.yml")).expect("the rules");
        for (before, after) in hasten {
            assert!(rules.contains(before), "{before:?} is not in the rules");
            rules = rules.replace(before, after);
        }
        fs::write(folder.path().join("rules.yml"), rules).expect("rules");
        let settings = format!(
            "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\n\
             rule_files: [rules.yml]\n\
             scrape_configs:\n- job_name: itseme\n  static_configs: [{{targets: ['127.0.0.1:{target}']}}]\n"
        );
        fs::write(folder.path().join("prometheus.yml"), settings).expect("its settings");
        let port = ports::free();
        let mut command = Command::new("prometheus");
        command
            .arg(format!("--config.file={}", folder.path().join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"));
        let process = Process::spawn("prometheus", &command, &folder.path().join("prometheus.log"));
        let log = process.log().clone();
        crate::until("Prometheus", || TcpStream::connect(("127.0.0.1", port)).ok(), || log.tail()).await;
        Self { http: Http::new(port), process, _folder: folder }
    }

    /// Waits until an alert fires, and returns it.
    pub async fn fires(&self, name: &str) -> Value {
        let probe = async || {
            let alerts = self.http.get("/api/v1/alerts").await.json();
            let alerts = alerts["data"]["alerts"].as_array().cloned().unwrap_or_default();
            alerts
                .into_iter()
                .find(|alert| alert["labels"]["alertname"] == name && alert["state"] == "firing")
        };
        until_async(&format!("the alert {name}"), probe, || self.process.log().tail()).await
    }

    /// Returns the names of the dashboard's panels of which a query has no answer, or fails.
    pub async fn empty_panels(&self) -> Vec<String> {
        let dashboard = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contrib/grafana/itseme.json");
        let dashboard: Value =
            serde_json::from_slice(&fs::read(dashboard).expect("the dashboard")).expect("JSON");
        let mut empty = Vec::new();
        for panel in dashboard["panels"].as_array().expect("panels") {
            for target in panel["targets"].as_array().into_iter().flatten() {
                let expr = target["expr"].as_str().expect("a query");
                let expr =
                    expr.replace("$__rate_interval", "1m").replace("$job", ".*").replace("$instance", ".*");
                let query = self.http.request(Method::POST, "/api/v1/query").form(&[("query", &expr)]);
                let answer = query.send().await.expect("an answer").text().await.expect("text");
                let answer: Value = serde_json::from_str(&answer).expect("JSON");
                assert_eq!(answer["status"], "success", "{expr}: {answer}");
                if answer["data"]["result"].as_array().is_none_or(Vec::is_empty) {
                    empty.push(format!("{}: {expr}", panel["title"]));
                }
            }
        }
        empty
    }

    /// Runs promtool with these arguments in the folder of the rules.
    pub fn promtool(arguments: &[&str]) -> Output {
        let mut command = Command::new("promtool");
        command.args(arguments).current_dir(contrib(""));
        command.output().expect("promtool")
    }
}

fn contrib(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../contrib/prometheus").join(name)
}

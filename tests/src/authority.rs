//! A certificate authority that is trusted only by programs that were told to.

use std::{path::PathBuf, process::Command};

use tempfile::TempDir;

/// An authority, made by OpenSSL, and a certificate of this machine. The files are removed when this is dropped.
#[derive(Debug)]
pub struct Authority {
    folder: TempDir,
}

impl Authority {
    /// Makes one, and a certificate for "localhost".
    pub fn make() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let script = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 -subj /CN=tests \
                -keyout authority.key -out authority.pem
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj /CN=localhost \
                -keyout localhost.key -out localhost.csr
            echo subjectAltName=DNS:localhost > localhost.names
            openssl x509 -req -in localhost.csr -CA authority.pem -CAkey authority.key -CAcreateserial -days 2 \
                -extfile localhost.names -out localhost.crt
            cat localhost.crt localhost.key > localhost.pem";
        let mut command = Command::new("sh");
        let output = command.args(["-euc", script]).current_dir(folder.path()).output().expect("a shell");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self { folder }
    }

    /// Its own certificate, in a file, for those who trust it.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// The certificate for "localhost" and its key, in one file.
    pub fn localhost(&self) -> PathBuf {
        self.folder.path().join("localhost.pem")
    }
}

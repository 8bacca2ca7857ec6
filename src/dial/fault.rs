//! The meaning of an error of a connection, in words for an admin. Libraries wrap the cause in errors that say little.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};

use rustls::CertificateError;

/// The fault of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The name cannot be looked up.
    Name,
    /// Nothing listens at the port.
    Refused,
    /// There is no answer.
    Late,
    /// No network leads there.
    NoWay,
    /// This machine does not allow it.
    Forbidden,
    /// The other side closed the connection.
    Closed,
    /// The other side does not speak TLS at that port.
    NoTls,
    /// TLS failed, most likely because of the certificate: the fault and its remedy.
    Tls(String),
}

impl Fault {
    /// Finds the fault among an error and its causes.
    pub fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(found) = Self::of_one(error) {
                return Some(found);
            }
            next = error.source();
        }
        None
    }

    fn of_one(error: &(dyn Error + 'static)) -> Option<Self> {
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            return Some(of_tls(error));
        }
        // Neither the resolver of the system nor hyper has a type for it.
        let text = error.to_string();
        if text.starts_with("dns error") || text.starts_with("failed to lookup address information") {
            return Some(Self::Name);
        }
        let error = error.downcast_ref::<io::Error>()?;
        // The source of such an error is not the error in it, but the source of that.
        let inner = error.get_ref().and_then(|inner| Self::of(inner));
        inner.or_else(|| Self::of_kind(error.kind()))
    }

    fn of_kind(kind: ErrorKind) -> Option<Self> {
        match kind {
            ErrorKind::ConnectionRefused => Some(Self::Refused),
            ErrorKind::TimedOut => Some(Self::Late),
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => Some(Self::NoWay),
            ErrorKind::PermissionDenied => Some(Self::Forbidden),
            ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof => Some(Self::Closed),
            _ => None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => {
                "its name cannot be looked up; is it spelled right, and does this machine reach a name server?"
            }
            Self::Refused => "it refuses connections; is it running, and is the port right?",
            Self::Late => "it does not answer; is the address right, and is there a firewall on the way?",
            Self::NoWay => "no network leads there; is the address right, and is this machine's network up?",
            Self::Forbidden => {
                "this machine does not allow the connection; see its firewall, and IPAddressDeny= of systemd"
            }
            Self::Closed => {
                "it closed the connection; does it take connections from this machine, and TLS at that port or not?"
            }
            Self::NoTls => "it does not speak TLS at that port; is the port right?",
            Self::Tls(text) => text,
        })
    }
}

fn of_tls(error: &rustls::Error) -> Fault {
    let certificate = match error {
        rustls::Error::InvalidMessage(_) => return Fault::NoTls,
        rustls::Error::InvalidCertificate(certificate) => certificate,
        rustls::Error::PeerIncompatible(_) => {
            return Fault::Tls("it speaks no TLS that this service accepts (1.2 or later); update it".into());
        }
        rustls::Error::AlertReceived(alert) => return Fault::Tls(format!("it ended TLS ({alert:?}); see its log")),
        other => return Fault::Tls(format!("TLS failed: {other}")),
    };
    let text = match certificate {
        CertificateError::UnknownIssuer => {
            no_authority("its certificate is by an authority that this machine does not trust")
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name; write the host as the certificate has it".into()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired; renew it there, and see that this machine's clock is right".into()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet; see that the clocks of both machines are right".into()
        }
        CertificateError::Revoked => "its certificate was revoked; it needs a new one".into(),
        // A certificate that signs itself is one of an authority, as openssl makes it.
        other if other.to_string().contains("CaUsedAsEndEntity") => no_authority("its certificate signs itself"),
        other => format!("its certificate cannot be accepted ({other}); it needs another one"),
    };
    Fault::Tls(text)
}

fn no_authority(fault: &str) -> String {
    format!(
        "{fault}; give it one by a public authority, or add its authority to those of this machine (Debian: a .crt file in \
         /usr/local/share/ca-certificates, and update-ca-certificates)"
    )
}

/// Servers that fail in the ways in which servers do.
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
pub mod faulty {
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};
    use std::process::{Child, Command, Stdio};
    use std::time::Duration;

    /// Returns a port at which nothing listens.
    pub fn refusing() -> u16 {
        TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
    }

    /// Returns the port of a server that says `greeting` to whoever connects, without TLS. It serves until the test ends.
    pub fn plain(greeting: &'static str) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let mut all = Vec::new();
            while let Ok((mut stream, _)) = listener.accept() {
                let _ = stream.write_all(greeting.as_bytes());
                all.push(stream);
            }
        });
        port
    }

    /// A server with TLS, whose certificate signs itself.
    pub struct SelfSigned {
        /// Its port.
        pub port: u16,
        server: Child,
        _folder: tempfile::TempDir,
    }

    impl SelfSigned {
        /// Starts one for localhost.
        pub fn start() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let made = Command::new("openssl")
                .args([
                    "req",
                    "-x509",
                    "-newkey",
                    "rsa:2048",
                    "-nodes",
                    "-keyout",
                    "key",
                    "-out",
                    "certificate",
                ])
                .args([
                    "-subj",
                    "/CN=localhost",
                    "-addext",
                    "subjectAltName=DNS:localhost,IP:127.0.0.1",
                ])
                .current_dir(folder.path())
                .output()
                .expect("apt install openssl");
            assert!(made.status.success(), "{made:?}");
            let port = refusing();
            let server = Command::new("openssl")
                .args(["s_server", "-quiet", "-cert", "certificate", "-key", "key", "-accept"])
                .arg(port.to_string())
                .current_dir(folder.path())
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            while TcpStream::connect(("127.0.0.1", port)).is_err() {
                std::thread::sleep(Duration::from_millis(10));
            }
            Self {
                port,
                server,
                _folder: folder,
            }
        }
    }

    impl Drop for SelfSigned {
        fn drop(&mut self) {
            let _ = self.server.kill();
            let _ = self.server.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::faulty::{SelfSigned, plain, refusing};
    use super::*;

    async fn of_url(url: String) -> Option<Fault> {
        Fault::of(&reqwest::get(url).await.unwrap_err())
    }

    #[tokio::test]
    async fn each_fault_is_found_behind_the_errors_of_a_library() {
        assert_eq!(
            of_url(format!("http://127.0.0.1:{}/", refusing())).await,
            Some(Fault::Refused)
        );
        assert_eq!(of_url("https://nowhere.invalid/".into()).await, Some(Fault::Name));
        assert_eq!(
            of_url(format!(
                "https://127.0.0.1:{}/",
                plain("HTTP/1.1 400 Bad Request\r\n\r\n")
            ))
            .await,
            Some(Fault::NoTls)
        );
        let server = SelfSigned::start();
        let Some(Fault::Tls(told)) = of_url(format!("https://localhost:{}/", server.port)).await else {
            unreachable!("its certificate is not trusted")
        };
        assert!(told.contains("update-ca-certificates"), "{told}");
    }

    #[test]
    fn each_certificate_has_its_remedy() {
        for (error, remedy) in [
            (CertificateError::UnknownIssuer, "update-ca-certificates"),
            (CertificateError::NotValidForName, "write the host"),
            (CertificateError::Expired, "renew"),
            (CertificateError::NotValidYet, "clocks"),
        ] {
            let told = of_tls(&rustls::Error::InvalidCertificate(error)).to_string();
            assert!(told.contains(remedy), "{told}");
        }
    }

    #[test]
    fn an_error_of_another_kind_is_no_fault_of_a_connection() {
        assert_eq!(Fault::of(&io::Error::other("something")), None);
        assert_eq!(
            Fault::of(&io::Error::from(ErrorKind::ConnectionReset)),
            Some(Fault::Closed)
        );
    }
}

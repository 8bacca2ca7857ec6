//! A name server that knows where a few servers are, on this machine.

use std::collections::BTreeMap;

use tokio::net::UdpSocket;

/// Answers over UDP, as long as the test's runtime lasts. It knows SRV records of XMPP servers (RFC 2782), and nothing else.
#[derive(Debug)]
pub struct NameServer {
    port: u16,
}

/// The length of a message's header (RFC 1035, 4.1.1).
const HEADER: usize = 12;
/// The flags of an answer: the server has the say about the name, and looks up others.
const ANSWER: u16 = 0x8580;
/// The code in the flags that says that there is no such name.
const NO_SUCH_NAME: u16 = 3;
const SRV: u16 = 33;
/// The target of each record. It is a name of four labels, and looked up as an address.
const TARGET: &str = "127.0.0.1";

impl NameServer {
    /// Starts one that knows the ports of these servers.
    pub async fn start(servers: &[(&str, u16)]) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let port = socket.local_addr().expect("an address").port();
        let service = |name: &str| labels(&format!("_xmpp-server._tcp.{name}"));
        let servers: BTreeMap<_, _> = servers.iter().map(|(name, port)| (service(name), *port)).collect();
        tokio::spawn(async move {
            let mut query = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut query).await {
                if let Some(answer) = answer(&query[..length], &servers) {
                    let _ = socket.send_to(&answer, from).await;
                }
            }
        });
        Self { port }
    }

    /// Returns its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// Returns the answer to a query with one question.
fn answer(query: &[u8], servers: &BTreeMap<Vec<u8>, u16>) -> Option<Vec<u8>> {
    let (id, asked) = (query.get(..2)?, query.get(HEADER..)?);
    let name = &asked[..=asked.iter().position(|&byte| byte == 0)?];
    let question = asked.get(..name.len() + 4)?;
    let is_srv = question[name.len()..].starts_with(&SRV.to_be_bytes());
    let found = servers.get(&name.to_ascii_lowercase()).filter(|_| is_srv);
    let flags = if found.is_some() { ANSWER } else { ANSWER | NO_SUCH_NAME };
    let counts = [1, u16::from(found.is_some()), 0, 0];
    let header: Vec<u8> = [flags].iter().chain(&counts).flat_map(|number| number.to_be_bytes()).collect();
    let record = found.map(|port| record(*port)).unwrap_or_default();
    Some([id, &header, question, &record].concat())
}

/// An SRV record for the name of the question.
fn record(port: u16) -> Vec<u8> {
    const NAME_OF_QUESTION: u16 = 0xc000 | HEADER as u16;
    const INTERNET: u16 = 1;
    let target = labels(TARGET);
    // A time to live of two numbers, then priority, weight and port.
    let length = 6 + target.len() as u16;
    let numbers = [NAME_OF_QUESTION, SRV, INTERNET, 0, 0, length, 0, 0, port];
    numbers.iter().flat_map(|number| number.to_be_bytes()).chain(target).collect()
}

/// A name as it is written in messages: each label after its length.
fn labels(name: &str) -> Vec<u8> {
    let labels = name.split('.').flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat());
    labels.chain([0]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: &str, kind: u16) -> Vec<u8> {
        let servers = BTreeMap::from([(labels("_xmpp-server._tcp.here.example"), 5269)]);
        let header = [7, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        let query = [&header[..], &labels(name), &kind.to_be_bytes(), &[0, 1]].concat();
        answer(&query, &servers).unwrap()
    }

    #[test]
    fn it_knows_its_servers_and_no_others() {
        let found = asked("_xmpp-server._tcp.HERE.example", SRV);
        assert_eq!(found[..HEADER], [7, 7, 0x85, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
        assert!(found.ends_with(&[&[0x14, 0x95][..], b"\x03127\x010\x010\x011\0"].concat()));
        for (name, kind) in [("_xmpp-server._tcp.there.example", SRV), ("_xmpp-server._tcp.here.example", 1)]
        {
            assert_eq!(asked(name, kind)[..HEADER], [7, 7, 0x85, 0x83, 0, 1, 0, 0, 0, 0, 0, 0], "{name}");
        }
        assert_eq!(answer(&[0; 13], &BTreeMap::new()), None);
    }
}

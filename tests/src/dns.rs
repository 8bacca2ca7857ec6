//! A DNS server on loopback, for texts alone (TXT), as mails' domains have them for their keys and policies.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use hickory_proto::{
    op::{Message, ResponseCode},
    rr::{RData, Record, rdata::TXT},
};
use tokio::{net::UdpSocket, task::AbortHandle};

/// The texts by their names, in lower case and without a final dot; `None`: the server of that name has a fault.
type Texts = Arc<Mutex<BTreeMap<String, Option<String>>>>;

/// Answers until it is dropped.
#[derive(Debug)]
pub struct Dns {
    address: SocketAddr,
    texts: Texts,
    task: AbortHandle,
}

impl Dns {
    /// Starts one on any free port, with no names.
    pub async fn start() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = socket.local_addr().expect("an address");
        let texts = Texts::default();
        let task = tokio::spawn(answer(socket, texts.clone())).abort_handle();
        Self { address, texts, task }
    }

    /// Returns where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers with a text from now on.
    pub fn set(&self, name: &str, text: &str) {
        self.answer_with(name, Some(text.to_owned()));
    }

    /// Answers that there is a fault from now on.
    pub fn break_down(&self, name: &str) {
        self.answer_with(name, None);
    }

    fn answer_with(&self, name: &str, text: Option<String>) {
        let mut texts = self.texts.lock().expect("no panic");
        texts.insert(name.to_owned(), text);
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(socket: UdpSocket, texts: Texts) {
    let mut buffer = [0; 4096];
    while let Ok((length, client)) = socket.recv_from(&mut buffer).await {
        let Ok(question) = Message::from_vec(&buffer[..length]) else {
            continue;
        };
        let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
        answer.add_queries(question.queries.clone());
        for query in &question.queries {
            let name = query.name.to_ascii().trim_end_matches('.').to_lowercase();
            match texts.lock().expect("no panic").get(&name) {
                Some(Some(text)) => {
                    // A string of it has 255 bytes at most.
                    let parts = text.as_bytes().chunks(255).collect();
                    let text = RData::TXT(TXT::from_bytes(parts));
                    answer.add_answer(Record::from_rdata(query.name.clone(), 0, text));
                }
                Some(None) => answer.metadata.response_code = ResponseCode::ServFail,
                None => answer.metadata.response_code = ResponseCode::NXDomain,
            }
        }
        let _ = socket.send_to(&answer.to_vec().expect("an answer"), client).await;
    }
}

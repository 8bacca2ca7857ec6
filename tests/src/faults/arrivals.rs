//! The mails and text messages that arrive.

use std::{
    collections::HashSet,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::time::sleep;

use super::ledger::Ledger;
use crate::{
    gateway::{Gateway, Sms},
    mail::{Mail, MailServer},
};

const PAUSE: Duration = Duration::from_millis(20);

/// Looks at what arrives, over and over.
pub struct Arrivals {
    maildir: PathBuf,
    sms: PathBuf,
    ledger: Arc<Ledger>,
    mails_seen: HashSet<OsString>,
    sms_seen: usize,
}

impl Arrivals {
    /// Of these two, into the ledger.
    pub fn new(mail: &MailServer, gateway: &Gateway, ledger: &Arc<Ledger>) -> Self {
        Self {
            maildir: mail.folder().join("new"),
            sms: gateway.file().to_owned(),
            ledger: ledger.clone(),
            mails_seen: HashSet::new(),
            sms_seen: 0,
        }
    }

    /// Goes on for ever.
    pub async fn watch(mut self) {
        loop {
            self.look_at_mails();
            self.look_at_sms();
            sleep(PAUSE).await;
        }
    }

    fn look_at_mails(&mut self) {
        for file in fs::read_dir(&self.maildir).into_iter().flatten().flatten() {
            if self.mails_seen.insert(file.file_name()) {
                let mail = read_mail(&file.path());
                self.ledger.arrived(&mail.to, &mail.code());
            }
        }
    }

    fn look_at_sms(&mut self) {
        let lines = fs::read_to_string(&self.sms).unwrap_or_default();
        let whole = lines.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        for sms in whole.skip(self.sms_seen).map(Sms::parse) {
            self.sms_seen += 1;
            self.ledger.arrived(&sms.to, &sms.code());
        }
    }
}

/// A Maildir has whole mails only.
fn read_mail(path: &Path) -> Mail {
    let bytes = fs::read(path).expect("a mail that stays");
    Mail::parse(&bytes).unwrap_or_else(|| panic!("no mail: {}", path.display()))
}

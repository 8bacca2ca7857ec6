//! Short ways to ask for each operation, natively and over HTTP.

use std::net::{IpAddr, Ipv4Addr};

use super::super::*;
use crate::model::Token;

/// The service as somebody asks it.
pub(crate) struct Asked {
    service: Service,
    address: IpAddr,
    token: Option<Token>,
    language: Option<Language>,
}

/// Somebody who asks the service.
pub(crate) trait Ask {
    fn asked(&self) -> Asked;

    fn asked_from(&self, address: IpAddr) -> Asked {
        Asked {
            address,
            ..self.asked()
        }
    }

    fn shown(&self, token: Option<Token>) -> Asked {
        Asked { token, ..self.asked() }
    }

    fn speaking(&self, language: Option<Language>) -> Asked {
        Asked {
            language,
            ..self.asked()
        }
    }

    async fn call_native<O: Operation>(&self, sender: &BareJid, operation: O) -> Result<O::Reply> {
        let Asked { service, language, .. } = self.asked();
        service.call(&Caller::native(sender.clone(), language), operation).await
    }

    async fn call_http<O: Operation>(&self, operation: O) -> Result<O::Reply> {
        let Asked {
            service,
            address,
            token,
            language,
        } = self.asked();
        let who = Who::Http { address, token };
        service.call(&Caller { who, language }, operation).await
    }

    async fn call_admin<O: Operation>(&self, operation: O) -> Result<O::Reply> {
        let caller = Caller {
            who: Who::Admin(super::admin()),
            language: None,
        };
        self.asked().service.call(&caller, operation).await
    }

    async fn register_native(&self, sender: &BareJid, provider: &str, id: &str, resend: bool) -> Result<Registered> {
        self.call_native(sender, Register::own(sender.clone(), provider, id, resend))
            .await
    }

    async fn register_http(
        &self,
        target: &BareJid,
        provider: &str,
        id: &str,
        resend: bool,
        next: Option<&str>,
    ) -> Result<Registered> {
        self.call_http(Register {
            next: next.map(str::to_owned),
            ..Register::own(target.clone(), provider, id, resend)
        })
        .await
    }

    async fn verify_native(&self, sender: &BareJid, hash: &str, code: Option<&str>) -> Result<Verified> {
        let verify = verify(hash, Meant::Target(sender.clone()), code)?;
        self.call_native(sender, verify).await
    }

    async fn verify_any_native(&self, sender: &BareJid, code: &str) -> Result<Verified> {
        self.call_native(sender, VerifyAny { code: code.into() }).await
    }

    async fn verify_http(&self, hash: &str, meant: Meant, code: Option<&str>) -> Result<Verified> {
        self.call_http(verify(hash, meant, code)?).await
    }

    async fn finish_sign_in(&self, hash: &str, callback: Callback) -> Result<SignedIn> {
        let hash = read_hash(hash)?;
        self.call_http(FinishSignIn {
            hash,
            callback,
            is_page: true,
        })
        .await
    }

    async fn contact_native(&self, request: Contact) -> Result<()> {
        self.call_native(&request.target.clone(), request).await
    }

    async fn contact_http(&self, request: Contact) -> Result<()> {
        self.call_http(request).await
    }

    async fn confirm(&self, target: &str, hashes: &[impl AsRef<str>]) -> Result<bool> {
        let confirmed = self.call_http(Confirm::new(target, hashes)).await?;
        Ok(confirmed.is_yes())
    }

    async fn links(&self, sender: &BareJid) -> Result<Vec<Linked>> {
        self.call_native(sender, Links).await
    }

    async fn forget_native(&self, sender: &BareJid, hashes: &[String]) -> Result<usize> {
        let forgetting = self.call_native(sender, Forget::own(sender.clone(), hashes)).await;
        forgetting.map(Forgetting::count)
    }

    async fn forget_http(
        &self,
        target: &BareJid,
        hashes: &[String],
        code: Option<String>,
        resend: bool,
    ) -> Result<Forgetting> {
        self.call_http(Forget {
            code,
            resend,
            ..Forget::own(target.clone(), hashes)
        })
        .await
    }

    async fn mute(&self, sender: &BareJid, jids: &[String]) -> Result<()> {
        self.call_native(sender, Mute { jids: jids.into() }).await
    }

    async fn unmute(&self, sender: &BareJid, jids: &[String]) -> Result<Unmuted> {
        self.call_native(sender, Unmute { jids: jids.into() }).await
    }

    async fn muted(&self, sender: &BareJid) -> Result<Muted> {
        self.call_native(sender, Mutes).await
    }

    async fn suppress(&self, recipient: Recipient) -> Result<()> {
        self.call_admin(Suppress(recipient)).await
    }

    async fn unsuppress(&self, recipient: Recipient) -> Result<bool> {
        self.call_admin(Unsuppress(recipient)).await
    }

    async fn is_suppressed(&self, recipient: Recipient) -> Result<bool> {
        self.call_admin(IsSuppressed(recipient)).await
    }

    async fn statistics(&self) -> Result<Statistics> {
        self.call_admin(Count).await
    }
}

impl Ask for Service {
    fn asked(&self) -> Asked {
        Asked {
            service: self.clone(),
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            token: None,
            language: None,
        }
    }
}

impl Ask for Asked {
    fn asked(&self) -> Asked {
        Asked {
            service: self.service.clone(),
            address: self.address,
            token: self.token.clone(),
            language: self.language,
        }
    }
}

fn verify(hash: &str, meant: Meant, code: Option<&str>) -> Result<Verify> {
    Ok(Verify {
        hash: read_hash(hash)?,
        meant,
        code: code.map(str::to_owned),
    })
}

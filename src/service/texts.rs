//! Takes text messages of people, which gateways pass on.

use super::Service;
use super::caller::Caller;
use super::error::{Error, Result};
use super::operation::{Effort, Operation, Rights};
use super::writing::Written;
use crate::channel::GatewayCall;
use crate::meters;

/// Takes a text message. Whether it proves anything is not told to the gateway. Returns the answer that makes it send nothing back.
///
/// # Errors
/// `not_found` for anything but a call of a gateway that may do so, `internal_server_error`.
pub struct TakeText(pub GatewayCall);

impl Operation for TakeText {
    type Reply = &'static str;
    const NAME: &'static str = "text";
    const EFFORT: Effort = Effort::Much;

    fn rights(&self) -> Rights {
        Rights::Everybody
    }

    async fn run(self, service: &Service, _: &Caller) -> Result<&'static str> {
        let Self(call) = self;
        let message = service.settings().reporters.text(&call).ok_or(Error::NothingWaits)?;
        let count = |result| meters::text(&call.gateway, result);
        let Some(identity) = message.from.filter(|from| service.settings().inbox(from).is_some()) else {
            count("ignored");
            return Ok(message.answer);
        };
        let text = message.text;
        count(service.take_written(Written { identity, text }).await?);
        Ok(message.answer)
    }
}

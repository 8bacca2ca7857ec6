//! The settings that operations go by, and how a reload exchanges them.

use std::sync::{Arc, TryLockError};
use std::time::Duration;

use super::handover::Handover;
use super::{Core, Service, Settings, SignIns, intact, limits};
use crate::clock::Clock;

/// The pause between two tries to exchange the settings.
const SHORTLY: Duration = Duration::from_millis(1);

/// The parts that only a [reload](Service::reload) exchanges.
pub(super) struct Frame {
    pub(super) clock: Clock,
    pub(super) settings: Arc<Settings>,
    pub(super) requests: limits::RequestLimiter,
    pub(super) broken: Arc<intact::Broken>,
    pub(super) handover: Arc<Handover>,
    pub(super) sign_ins: SignIns,
}

impl Frame {
    pub(super) fn new(
        clock: Clock,
        mut settings: Settings,
        sign_ins: SignIns,
        broken: Arc<intact::Broken>,
        handover: Arc<Handover>,
    ) -> Arc<Self> {
        settings.providers.extend(sign_ins.keys().cloned());
        Arc::new(Self {
            requests: limits::RequestLimiter::new(&settings.limits, clock.clone()),
            clock,
            settings: settings.into(),
            broken,
            handover,
            sign_ins,
        })
    }
}

impl Service {
    /// Serves by other settings from now on. What is counted stays counted, except the latest requests.
    pub async fn reload(&self, settings: Settings, sign_ins: SignIns) {
        let Frame { broken, handover, .. } = &**self.frame.load();
        let frame = Frame::new(self.clock.clone(), settings, sign_ins, broken.clone(), handover.clone());
        // Whoever waits for the lock holds up all others.
        while !self.set_frame(&frame) {
            tokio::time::sleep(SHORTLY).await;
        }
    }

    /// Returns `true` if that was possible at once.
    fn set_frame(&self, frame: &Arc<Frame>) -> bool {
        let core = match self.core.try_write() {
            Ok(core) => Some(core),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        let Some(mut core) = core else { return false };
        core.set_frame(frame);
        self.frame.store(frame.clone());
        true
    }
}

impl Core {
    fn set_frame(&mut self, frame: &Arc<Frame>) {
        self.frame = frame.clone();
        if let Some(former) = &mut self.former {
            former.set_frame(frame);
        }
    }
}

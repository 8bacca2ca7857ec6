//! Putting everything under another key.

use super::Session;
use super::reseal;
use crate::model::Mac;
use crate::store::{Reseal, Result, Switched, WriteKeys};

impl WriteKeys for Session<'_> {
    fn begin_reseal(&self, to: &Mac) -> Result<bool> {
        reseal::begin(self, to)
    }

    fn reseal_links(&self, by: &dyn Reseal, limit: usize) -> Result<u64> {
        reseal::links(self, by, limit)
    }

    fn switch_keys(&self, to: &Mac, by: &dyn Reseal) -> Result<Switched> {
        reseal::switch(self, to, by)
    }

    fn wipe_former(&self, limit: usize) -> Result<bool> {
        reseal::wipe(self, limit)
    }
}

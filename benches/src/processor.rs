//! The time of the processor that programs have had.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::sleep;

/// The time that the threads of a process have had whose names begin with `name` (`/proc/PID/task/TID/schedstat`,
/// Documentation/scheduler/sched-stats.rst of Linux). Those that have ended are not counted.
pub fn spent(pid: u32, name: &str) -> Result<Duration> {
    let mut spent = Duration::ZERO;
    for entry in fs::read_dir(format!("/proc/{pid}/task"))? {
        let thread = entry?.path();
        if fs::read_to_string(thread.join("comm"))?.starts_with(name) {
            let times = fs::read_to_string(thread.join("schedstat"))?;
            let on_cpu = times.split(' ').next().context("no time")?;
            spent += Duration::from_nanos(on_cpu.parse()?);
        }
    }
    Ok(spent)
}

/// Waits until a process has nothing left to do, as after its start.
pub async fn rests(pid: u32) -> Result<()> {
    // The filter for contact requests among a hundred million links takes a quarter of a minute.
    const PAUSE: Duration = Duration::from_secs(1);
    let mut before = None;
    loop {
        let now = spent(pid, "")?;
        if before.is_some_and(|before| now.saturating_sub(before) < PAUSE / 50) {
            return Ok(());
        }
        before = Some(now);
        sleep(PAUSE).await;
    }
}

/// The time that a process has had, and those that it has started (`/proc/PID/task/TID/children`, proc(5)).
pub fn spent_with_children(pid: u32) -> Result<Duration> {
    let mut all = spent(pid, "")?;
    for child in fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?.split_whitespace() {
        // It may have ended.
        all += spent(child.parse()?, "").unwrap_or_default();
    }
    Ok(all)
}

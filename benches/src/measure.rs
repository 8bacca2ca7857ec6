//! Rounds, what they are held to, and what they come to.

use std::time::{Duration, Instant};

use anyhow::Result;
use futures::future::try_join_all;

/// One round: the service's figure and the figure of what it is compared to, where there is something.
pub type Round = (f64, f64);

/// A line of the table, but for what was measured.
#[derive(Clone, Debug)]
pub struct Finding {
    what: String,
    unit: &'static str,
    compared_to: Option<String>,
    /// `≥` or `≤`, and a ratio, or a figure if there is nothing to compare it to.
    aim: Option<(char, f64)>,
}

impl Finding {
    /// There is nothing to compare it to, and no aim.
    pub fn new(what: impl Into<String>, unit: &'static str) -> Self {
        Self { what: what.into(), unit, compared_to: None, aim: None }
    }

    /// Sets what it is compared to.
    pub fn beside(self, other: impl Into<String>) -> Self {
        Self { compared_to: Some(other.into()), ..self }
    }

    /// Sets the aim.
    pub fn at_least(self, aim: f64) -> Self {
        Self { aim: Some(('≥', aim)), ..self }
    }

    /// Sets the aim.
    pub fn at_most(self, aim: f64) -> Self {
        Self { aim: Some(('≤', aim)), ..self }
    }

    /// Compares it to `other` instead, without an aim.
    pub fn against(self, other: &str) -> Self {
        Self { aim: None, ..self.beside(other) }
    }

    /// What is held against the aim: the ratio, or the service's figure if there is no other.
    fn value(&self, rounds: &[Round]) -> [f64; 3] {
        spread(rounds, |(ours, theirs)| if self.compared_to.is_some() { ours / theirs } else { *ours })
    }

    /// Whether the median reaches the aim; `None` without one.
    fn is_met(&self, rounds: &[Round]) -> Option<bool> {
        let [median, ..] = self.value(rounds);
        self.aim.map(|(sign, aim)| if sign == '≥' { median >= aim } else { median <= aim })
    }

    /// The cells of the table.
    pub fn cells(&self, rounds: &[Round]) -> [String; 7] {
        let figure = |[median, ..]: [f64; 3]| {
            let digits = if median < 10.0 { 3 } else { usize::from(median < 100.0) };
            format!("{median:.digits$} {}", self.unit)
        };
        let is_compared = self.compared_to.is_some();
        let ([median, least, most], unit) = (self.value(rounds), if is_compared { "" } else { self.unit });
        let if_compared = |text: String| if is_compared { text } else { String::new() };
        [
            self.what.clone(),
            figure(spread(rounds, |(ours, _)| *ours)),
            self.compared_to.clone().unwrap_or_default(),
            if_compared(figure(spread(rounds, |(_, theirs)| *theirs))),
            if_compared(format!("{median:.2} ({least:.2}–{most:.2})")),
            self.aim.map(|(sign, aim)| format!("{sign} {aim:.2} {unit}")).unwrap_or_default(),
            self.is_met(rounds).map_or("", |is_met| if is_met { "met" } else { "missed" }).to_owned(),
        ]
    }
}

/// Median, least and most of a value of each round.
fn spread(rounds: &[Round], value: impl Fn(&Round) -> f64) -> [f64; 3] {
    let mut values: Vec<f64> = rounds.iter().map(value).collect();
    [0.5, 0.0, 1.0].map(|share| percentile(&mut values, share))
}

/// The value below which `share` of `values` are, as near as there is one; NaN if there are none.
pub fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len() as f64 * share) as usize;
    values.get(at.min(values.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

/// Has all of those do something again and again for some time, at once; returns how often that was done in a second.
pub async fn again<T>(those: Vec<T>, time: Duration, act: impl AsyncFn(&mut T) -> Result<()>) -> Result<f64> {
    let began = Instant::now();
    let done = try_join_all(those.into_iter().map(async |mut one| {
        let mut done = 0_u32;
        while began.elapsed() < time {
            act(&mut one).await?;
            done += 1;
        }
        anyhow::Ok(done)
    }))
    .await?;
    Ok(f64::from(done.iter().sum::<u32>()) / began.elapsed().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_held_against_the_aim() {
        let (alone, rounds) = (Finding::new("this", "s"), [(8.0, 10.0)]);
        let compared = alone.clone().beside("that");
        assert_eq!(compared.clone().at_least(0.8).is_met(&rounds), Some(true));
        assert_eq!(compared.at_most(0.7).is_met(&rounds), Some(false));
        assert_eq!(alone.clone().at_most(8.0).is_met(&rounds), Some(true));
        assert_eq!(alone.is_met(&rounds), None);
    }

    #[test]
    fn one_in_a_hundred_is_beyond_the_99th_percentile() {
        let mut values: Vec<f64> = (0..100).rev().map(f64::from).collect();
        let found = [0.0, 0.5, 0.99, 1.0].map(|share| percentile(&mut values, share));
        assert_eq!(found, [0.0, 50.0, 99.0, 99.0]);
    }
}

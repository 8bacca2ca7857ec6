//! Rounds, what they are held to, and what they come to.

use anyhow::Result;
use serde::Serialize;

/// What a row is meant to reach: a ratio, or a figure of its own.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aim {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

impl Aim {
    /// Whether `value` is as it should be.
    pub fn is_met_by(self, value: f64) -> bool {
        match self {
            Self::AtLeast(aim) => value >= aim,
            Self::AtMost(aim) => value <= aim,
        }
    }
}

/// One round: the service's figure and, where it has one, that of what it is compared to.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Round {
    /// The service's.
    pub ours: f64,
    /// The other's.
    pub theirs: Option<f64>,
    /// What a bare program comes to, which does no more than has to be done: how much of the way to the aim is the service's.
    pub bare: Option<f64>,
}

impl Round {
    /// A figure with nothing beside it.
    pub fn alone(ours: f64) -> Self {
        Self { ours, theirs: None, bare: None }
    }

    /// What is held against the aim.
    pub fn value(&self) -> f64 {
        self.theirs.map_or(self.ours, |theirs| self.ours / theirs)
    }
}

/// A line of the table.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// What was measured.
    pub what: String,
    /// Beside what.
    pub compared_to: String,
    /// What the figures are in.
    pub unit: &'static str,
    /// What is to be reached.
    pub aim: Aim,
    /// Every round.
    pub rounds: Vec<Round>,
}

impl Finding {
    /// Median and spread of what is held against the aim.
    pub fn values(&self) -> Spread {
        Spread::of(self.rounds.iter().map(Round::value))
    }

    /// Of the service's figures.
    pub fn ours(&self) -> Spread {
        Spread::of(self.rounds.iter().map(|round| round.ours))
    }

    /// Of the other's; none where it has none.
    pub fn theirs(&self) -> Option<Spread> {
        let theirs: Option<Vec<f64>> = self.rounds.iter().map(|round| round.theirs).collect();
        theirs.map(Spread::of)
    }

    /// Of the bare program's; none where there is none.
    pub fn bare(&self) -> Option<Spread> {
        let bare: Option<Vec<f64>> = self.rounds.iter().map(|round| round.bare).collect();
        bare.map(Spread::of)
    }

    /// Whether the median is as it should be.
    pub fn is_met(&self) -> bool {
        self.aim.is_met_by(self.values().median)
    }
}

/// Median and extremes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// The middle one; of an even number, the mean of both.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
}

impl Spread {
    /// Of `values`; of nothing, it is no number.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        let last = values.len().saturating_sub(1);
        Self { median: (at(last / 2) + at(values.len() / 2)) / 2.0, min: at(0), max: at(last) }
    }
}

/// The service and the other, one after the other, so many times, after one turn of each that does not count.
///
/// # Errors
/// Those of either side.
pub async fn alternate(
    rounds: usize,
    mut ours: impl AsyncFnMut() -> Result<f64>,
    mut theirs: impl AsyncFnMut() -> Result<f64>,
) -> Result<Vec<Round>> {
    ours().await?;
    theirs().await?;
    let mut done = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let ours = ours().await?;
        done.push(Round { ours, theirs: Some(theirs().await?), bare: None });
    }
    Ok(done)
}

/// `rounds`, each with what a bare program comes to.
pub fn with_bare(rounds: Vec<Round>, bare: impl IntoIterator<Item = f64>) -> Vec<Round> {
    let with = |(round, bare)| Round { bare: Some(bare), ..round };
    rounds.into_iter().zip(bare).map(with).collect()
}

/// The value below which `share` of `values` are.
pub fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len() as f64 * share) as usize;
    values.get(at.min(values.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one_or_the_mean_of_both() {
        assert_eq!(Spread::of([3.0, 1.0, 2.0]), Spread { median: 2.0, min: 1.0, max: 3.0 });
        assert_eq!(Spread::of([4.0, 1.0, 2.0, 3.0]).median, 2.5);
        assert!(Spread::of([]).median.is_nan());
    }

    #[test]
    fn the_ratio_is_held_against_the_aim() {
        let round = Round { ours: 8.0, theirs: Some(10.0), bare: None };
        assert!(Aim::AtLeast(0.8).is_met_by(round.value()));
        assert!(!Aim::AtMost(0.7).is_met_by(round.value()));
        assert_eq!(Round::alone(8.0).value(), 8.0);
    }

    #[test]
    fn one_in_a_hundred_is_beyond_the_99th_percentile() {
        let mut values: Vec<f64> = (0..100).rev().map(f64::from).collect();
        assert_eq!(percentile(&mut values, 0.99), 99.0);
        assert_eq!(percentile(&mut values, 0.5), 50.0);
    }
}

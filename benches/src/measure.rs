//! Rounds, what they are held to, and what they come to.

use anyhow::Result;
use serde::Serialize;

/// What a row is to reach: a ratio, or a figure of its own.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aim {
    AtLeast(f64),
    AtMost(f64),
}

/// One round: the service's figure and, where there is one, the figure of what it is compared to.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Round {
    pub ours: f64,
    pub theirs: Option<f64>,
}

impl Round {
    /// The value that is held against the aim: the ratio, or the service's figure if there is no other.
    pub fn value(&self) -> f64 {
        self.theirs.map_or(self.ours, |theirs| self.ours / theirs)
    }
}

/// A line of the table.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    pub what: String,
    pub unit: &'static str,
    pub compared_to: Option<String>,
    pub aim: Option<Aim>,
    pub rounds: Vec<Round>,
}

impl Finding {
    /// Rounds that are compared to nothing, without an aim.
    pub fn new(what: impl Into<String>, unit: &'static str, rounds: Vec<Round>) -> Self {
        Self { what: what.into(), unit, compared_to: None, aim: None, rounds }
    }

    /// Sets what `theirs` is.
    pub fn beside(self, other: impl Into<String>) -> Self {
        Self { compared_to: Some(other.into()), ..self }
    }

    /// Sets the aim.
    pub fn aiming(self, aim: Aim) -> Self {
        Self { aim: Some(aim), ..self }
    }

    /// Of the values that are held against the aim.
    pub fn values(&self) -> Spread {
        Spread::of(self.rounds.iter().map(Round::value))
    }

    /// Of the service's figures.
    pub fn ours(&self) -> Spread {
        Spread::of(self.rounds.iter().map(|round| round.ours))
    }

    /// Of the other's figures, if there is another.
    pub fn theirs(&self) -> Option<Spread> {
        self.rounds.iter().map(|round| round.theirs).collect::<Option<Vec<_>>>().map(Spread::of)
    }

    /// Whether the median reaches the aim; `None` without one.
    pub fn is_met(&self) -> Option<bool> {
        let median = self.values().median;
        self.aim.map(|aim| match aim {
            Aim::AtLeast(aim) => median >= aim,
            Aim::AtMost(aim) => median <= aim,
        })
    }
}

/// Median and extremes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// The middle one; of an even number, the mean of both.
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

impl Spread {
    /// Of `values`; NaN if there are none.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        let last = values.len().saturating_sub(1);
        Self { median: (at(last / 2) + at(values.len() / 2)) / 2.0, min: at(0), max: at(last) }
    }
}

/// The value below which `share` of `values` are.
pub fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len() as f64 * share) as usize;
    values.get(at.min(values.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

/// The service and the other, one after the other, `rounds` times, after one turn of each that does not count.
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
        done.push(Round { ours, theirs: Some(theirs().await?) });
    }
    Ok(done)
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
        let finding = |theirs| Finding::new("this", "s", vec![Round { ours: 8.0, theirs }]);
        assert_eq!(finding(Some(10.0)).aiming(Aim::AtLeast(0.8)).is_met(), Some(true));
        assert_eq!(finding(Some(10.0)).aiming(Aim::AtMost(0.7)).is_met(), Some(false));
        assert_eq!(finding(None).aiming(Aim::AtMost(8.0)).is_met(), Some(true));
        assert_eq!(finding(None).is_met(), None);
    }

    #[test]
    fn one_in_a_hundred_is_beyond_the_99th_percentile() {
        let mut values: Vec<f64> = (0..100).rev().map(f64::from).collect();
        assert_eq!(percentile(&mut values, 0.99), 99.0);
        assert_eq!(percentile(&mut values, 0.5), 50.0);
    }
}

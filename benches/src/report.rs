//! The table, and the same as JSON.

use std::path::Path;

use anyhow::{Context, Result};
use comfy_table::Table;
use serde::Serialize;

use crate::measure::{Aim, Finding, Spread};

/// Everything that was found.
#[derive(Debug, Serialize)]
pub struct Report {
    mode: &'static str,
    rows: Vec<Entry>,
}

#[derive(Debug, Serialize)]
struct Entry {
    row: String,
    #[serde(flatten)]
    finding: Finding,
    values: Spread,
    is_met: Option<bool>,
}

impl Report {
    /// With nothing in it yet.
    pub fn new(mode: &'static str) -> Self {
        Self { mode, rows: Vec::new() }
    }

    /// Adds what a row found.
    pub fn add(&mut self, row: String, findings: Vec<Finding>) {
        self.rows.extend(findings.into_iter().map(|finding| Entry {
            row: row.clone(),
            values: finding.values(),
            is_met: finding.is_met(),
            finding,
        }));
    }

    /// Writes it as JSON.
    pub fn write(&self, file: &Path) -> Result<()> {
        file.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        let json = serde_json::to_string_pretty(self)?;
        std::fs::write(file, json + "\n").with_context(|| file.display().to_string())
    }

    /// For people.
    pub fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_preset(comfy_table::presets::ASCII_MARKDOWN);
        table.set_header(["row", "what", "figure", "compared to", "figure", "ratio (spread)", "aim", ""]);
        for Entry { row, finding, values, is_met } in &self.rows {
            let Spread { median, min, max } = values;
            let theirs = finding.theirs();
            table.add_row([
                row.clone(),
                finding.what.clone(),
                figure(finding.ours(), finding.unit),
                finding.compared_to.clone().unwrap_or_default(),
                theirs.map(|theirs| figure(theirs, finding.unit)).unwrap_or_default(),
                theirs.map(|_| format!("{median:.2} ({min:.2}–{max:.2})")).unwrap_or_default(),
                finding.aim.map(|aim| aimed(aim, theirs.map_or(finding.unit, |_| ""))).unwrap_or_default(),
                match (self.mode, is_met) {
                    ("smoke", _) => "runs",
                    (_, None) => "",
                    (_, Some(true)) => "met",
                    (_, Some(false)) => "missed",
                }
                .to_owned(),
            ]);
        }
        table
    }
}

fn figure(spread: Spread, unit: &str) -> String {
    let Spread { median, .. } = spread;
    let digits = if median < 10.0 { 3 } else { usize::from(median < 100.0) };
    format!("{median:.digits$} {unit}")
}

fn aimed(aim: Aim, unit: &str) -> String {
    match aim {
        Aim::AtLeast(aim) => format!("≥ {aim:.2} {unit}"),
        Aim::AtMost(aim) => format!("≤ {aim:.2} {unit}"),
    }
}

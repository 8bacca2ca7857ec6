//! The table, and the same as JSON.

use std::path::Path;

use anyhow::{Context, Result};
use comfy_table::{ContentArrangement, Table};
use serde::Serialize;

use crate::cli::Scale;
use crate::measure::{Aim, Finding, Spread};

/// All that was found.
#[derive(Debug, Serialize)]
pub struct Report {
    mode: &'static str,
    rows: Vec<Entry>,
}

#[derive(Debug, Serialize)]
struct Entry {
    row: &'static str,
    #[serde(flatten)]
    finding: Finding,
    values: Spread,
    is_met: bool,
}

impl Report {
    /// With nothing in it yet.
    pub fn new(scale: &Scale) -> Self {
        Self { mode: scale.name, rows: Vec::new() }
    }

    /// Adds what a row found.
    pub fn add(&mut self, row: &'static str, findings: Vec<Finding>) {
        let entry =
            |finding: Finding| Entry { row, values: finding.values(), is_met: finding.is_met(), finding };
        self.rows.extend(findings.into_iter().map(entry));
    }

    /// Writes it as JSON.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, file: &Path) -> Result<()> {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let json = serde_json::to_string_pretty(self)?;
        std::fs::write(file, json + "\n").with_context(|| file.display().to_string())
    }

    /// For people.
    pub fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_preset(comfy_table::presets::ASCII_MARKDOWN);
        table.set_content_arrangement(ContentArrangement::Disabled);
        table.set_header([
            "row",
            "what",
            "figure",
            "compared to",
            "figure",
            "ratio (spread)",
            "aim",
            "",
            "a bare program",
        ]);
        for Entry { row, finding, values, is_met } in &self.rows {
            let judged = finding.theirs().map_or(String::new(), |_| {
                format!("{:.2} ({:.2}–{:.2})", values.median, values.min, values.max)
            });
            table.add_row([
                (*row).to_owned(),
                finding.what.clone(),
                figure(finding.ours(), finding.unit),
                finding.compared_to.clone(),
                finding.theirs().map_or(String::new(), |theirs| figure(theirs, finding.unit)),
                judged,
                aim(finding),
                self.verdict(*is_met).to_owned(),
                finding.bare().map_or(String::new(), |bare| format!("{:.2}", bare.median)),
            ]);
        }
        table
    }

    fn verdict(&self, is_met: bool) -> &'static str {
        match (self.mode, is_met) {
            ("smoke", _) => "runs",
            (_, true) => "met",
            (_, false) => "missed",
        }
    }
}

fn figure(spread: Spread, unit: &str) -> String {
    let Spread { median, .. } = spread;
    let digits = if median < 10.0 { 3 } else { usize::from(median < 100.0) };
    format!("{median:.digits$} {unit}")
}

fn aim(finding: &Finding) -> String {
    let unit = if finding.theirs().is_some() { String::new() } else { format!(" {}", finding.unit) };
    match finding.aim {
        Aim::AtLeast(aim) => format!("≥ {aim:.2}{unit}"),
        Aim::AtMost(aim) => format!("≤ {aim:.2}{unit}"),
    }
}

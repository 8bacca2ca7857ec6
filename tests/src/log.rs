//! The output of a program, in a file.

use std::{
    fs::{File, read},
    path::{Path, PathBuf},
};

/// Lines that an error shows.
const TAIL: usize = 40;

/// The log of one run of a program. A program that is started again appends to the same file.
#[derive(Debug, Clone)]
pub struct Log {
    name: String,
    path: PathBuf,
    start: usize,
}

impl Log {
    /// Opens the file a program called `name` will print to.
    pub fn open(name: &str, path: &Path) -> (Self, File) {
        let file = File::options().append(true).create(true).open(path).expect("a writable log");
        let start = file.metadata().expect("the log's size").len() as usize;
        (Self { name: name.to_owned(), path: path.to_owned(), start }, file)
    }

    /// Returns the name of the program.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// All of this run.
    pub fn text(&self) -> String {
        let bytes = read(&self.path).unwrap_or_default();
        String::from_utf8_lossy(bytes.get(self.start..).unwrap_or_default()).into_owned()
    }

    /// The first whole line that has `text` in it.
    pub fn line_with(&self, text: &str) -> Option<String> {
        self.lines_with(text).into_iter().next()
    }

    /// All whole lines that have `text` in them.
    pub fn lines_with(&self, text: &str) -> Vec<String> {
        let all = self.text();
        let whole = &all[..all.rfind('\n').map_or(0, |end| end + 1)];
        whole.lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
    }

    /// In how many lines `text` is.
    pub fn count(&self, text: &str) -> usize {
        self.text().lines().filter(|line| line.contains(text)).count()
    }

    /// The end of it, for people.
    pub fn tail(&self) -> String {
        let text = self.text();
        let lines: Vec<&str> = text.lines().collect();
        let last = &lines[lines.len().saturating_sub(TAIL)..];
        format!("--- the end of the log of {} ---\n{}\n---", self.name, last.join("\n"))
    }
}

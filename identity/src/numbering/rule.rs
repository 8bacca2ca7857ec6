//! One rule of the table.
//!
//! Its pattern is a regular expression of a kind that every language has: digits, and groups of digits, classes and `\d`, each
//! with `{n}` or without. So a form has one length and is read place by place, which is faster than a regular expression,
//! works backwards, and lets a test prove that no two rules overlap.

/// No rule has more.
const MOST_GROUPS: usize = 2;

/// One renumbering of one range. Both forms are whole numbers without their `+`, and have the same groups.
pub(super) struct Rule {
    groups: Vec<Vec<Digits>>,
    from: Vec<Piece>,
    to: Vec<Piece>,
    /// Both forms are in use, so that neither is rewritten.
    pub alias_only: bool,
}

/// The content of a place in a form.
enum Piece {
    /// This digit, in ASCII.
    Digit(u8),
    /// The content of that group's places.
    Group(usize),
}

/// A set of digits: a bit for each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Digits(u16);

impl Digits {
    const ANY: Self = Self(0x3ff);

    fn contain(self, digit: u8) -> bool {
        digit.is_ascii_digit() && self.0 >> (digit - b'0') & 1 == 1
    }
}

impl Rule {
    /// Reads a rule: `from` is a pattern, `to` a template for the parts that its groups have matched. `None` if either
    /// is something else.
    pub fn new(from: &str, to: &str, alias_only: bool) -> Option<Self> {
        let (groups, from) = pattern(from.strip_prefix('+')?)?;
        let to = template(to.strip_prefix('+')?, groups.len())?;
        let rule = Self {
            groups,
            from,
            to,
            alias_only,
        };
        Some(rule).filter(|rule| rule.groups.len() <= MOST_GROUPS)
    }

    /// Returns `true` if it rewrites numbers that begin with these digits.
    pub fn rewrites(&self, begin: &[u8]) -> bool {
        let places = self.places(&self.from);
        let fits = places.iter().zip(begin).all(|(set, digit)| set.contain(*digit));
        !self.alias_only && fits
    }

    /// The current form of a former number. `None` if it is none, or both forms are in use.
    pub fn current(&self, number: &str) -> Option<String> {
        if self.alias_only {
            return None;
        }
        self.rewritten(number, &self.from, &self.to)
    }

    /// Returns a number of one form in the other form; `None` if it is not of that form.
    fn rewritten(&self, number: &str, form: &[Piece], other: &[Piece]) -> Option<String> {
        let mut rest = number.strip_prefix('+')?;
        // Nearly every number is of another length, or begins with something else.
        let length: usize = form.iter().map(|piece| self.length(piece)).sum();
        if rest.len() != length {
            return None;
        }
        let mut found = [""; MOST_GROUPS];
        for piece in form {
            let (digits, behind) = rest.split_at_checked(self.length(piece))?;
            rest = behind;
            match piece {
                Piece::Digit(digit) if digits.as_bytes() != [*digit] => return None,
                Piece::Digit(_) => {}
                Piece::Group(at) => {
                    let is_in = |(digit, set): (u8, &Digits)| set.contain(digit);
                    let is_group = digits.bytes().zip(self.groups.get(*at)?).all(is_in);
                    *found.get_mut(*at)? = Some(digits).filter(|_| is_group)?;
                }
            }
        }
        Some(self.written(other, &found))
    }

    /// The digits that may stand at each place of a form.
    fn places(&self, form: &[Piece]) -> Vec<Digits> {
        let places = form.iter().map(|piece| match piece {
            Piece::Digit(digit) => vec![Digits(1 << (digit - b'0'))],
            Piece::Group(at) => self.groups.get(*at).cloned().unwrap_or_default(),
        });
        places.flatten().collect()
    }

    fn length(&self, piece: &Piece) -> usize {
        match piece {
            Piece::Digit(_) => 1,
            Piece::Group(at) => self.groups.get(*at).map_or(0, Vec::len),
        }
    }

    fn written(&self, form: &[Piece], found: &[&str]) -> String {
        let mut number = String::from("+");
        for piece in form {
            match piece {
                Piece::Digit(digit) => number.push(char::from(*digit)),
                Piece::Group(at) => number.extend(found.get(*at).copied()),
            }
        }
        number
    }

    /// Returns the other forms in which the number is or was written.
    pub fn others(&self, number: &str) -> impl Iterator<Item = String> {
        let former = self.rewritten(number, &self.to, &self.from);
        let beside = self
            .alias_only
            .then(|| self.rewritten(number, &self.from, &self.to))
            .flatten();
        former.into_iter().chain(beside)
    }
}

/// Digits, and groups in parentheses.
fn pattern(text: &str) -> Option<(Vec<Vec<Digits>>, Vec<Piece>)> {
    let (mut groups, mut pieces, mut rest) = (Vec::new(), Vec::new(), text);
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if c == '(' {
            let (inner, behind) = rest.split_once(')')?;
            pieces.push(Piece::Group(groups.len()));
            groups.push(group(inner)?);
            rest = behind;
        } else {
            pieces.push(Piece::Digit(digit(c)?));
        }
    }
    Some((groups, pieces))
}

/// Digits, classes and `\d`, each with `{n}` or without.
fn group(text: &str) -> Option<Vec<Digits>> {
    let (mut places, mut rest) = (Vec::new(), text);
    while let Some(c) = rest.chars().next() {
        let digits;
        (digits, rest) = if let Some(behind) = rest.strip_prefix("\\d") {
            (Digits::ANY, behind)
        } else if let Some(behind) = rest.strip_prefix('[') {
            let (inner, behind) = behind.split_once(']')?;
            (class(inner)?, behind)
        } else {
            (Digits(1 << (digit(c)? - b'0')), &rest[1..])
        };
        let mut times = 1;
        if let Some(behind) = rest.strip_prefix('{') {
            let (count, behind) = behind.split_once('}')?;
            (times, rest) = (count.parse().ok()?, behind);
        }
        places.extend(std::iter::repeat_n(digits, times));
    }
    Some(places)
}

/// Digits and ranges of them.
fn class(text: &str) -> Option<Digits> {
    let mut bits = 0;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let first = digit(c)?;
        let last = rest.strip_prefix([c]).and_then(|rest| rest.strip_prefix('-'));
        let last = last.map_or(Some(first), |rest| digit(rest.chars().next()?))?;
        rest = &rest[if rest.as_bytes().get(1) == Some(&b'-') { 3 } else { 1 }..];
        bits |= (first..=last).fold(0, |bits, digit| bits | 1 << (digit - b'0'));
    }
    Some(Digits(bits)).filter(|digits| digits.0 != 0)
}

/// Digits, and `$1` or `${1}` for what stands in a group; each of `groups` once.
fn template(text: &str, groups: usize) -> Option<Vec<Piece>> {
    let mut parts = text.split('$');
    let mut pieces = Vec::new();
    let add = |digits: &str| -> Option<Vec<Piece>> { digits.chars().map(|c| digit(c).map(Piece::Digit)).collect() };
    pieces.extend(add(parts.next()?)?);
    for (at, part) in parts.enumerate() {
        let number = (at + 1).to_string();
        let braced = format!("{{{number}}}");
        let behind = part.strip_prefix(&braced).or_else(|| part.strip_prefix(&number))?;
        pieces.push(Piece::Group(at));
        pieces.extend(add(behind)?);
    }
    let used = pieces.iter().filter(|piece| matches!(piece, Piece::Group(_))).count();
    (used == groups).then_some(pieces)
}

fn digit(c: char) -> Option<u8> {
    u8::try_from(c).ok().filter(u8::is_ascii_digit)
}

#[cfg(test)]
impl Rule {
    /// The digits that may stand at each place of a former, and of a current, number.
    pub fn forms(&self) -> [Vec<Digits>; 2] {
        [&self.from, &self.to].map(|form| self.places(form))
    }
}

#[cfg(test)]
impl Digits {
    pub fn overlap(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub fn to_vec(self) -> Vec<char> {
        ('0'..='9').filter(|digit| self.contain(*digit as u8)).collect()
    }
}

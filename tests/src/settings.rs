//! The service's configuration in a test: the harness' own, with what the test wants otherwise.

use toml::{Table, Value};

/// Lays `wishes` over `settings`, key by key.
pub fn merge(settings: &mut Table, wishes: Table) {
    for (key, wish) in wishes {
        match (settings.get_mut(&key), wish) {
            (Some(Value::Table(settings)), Value::Table(wishes)) => merge(settings, wishes),
            (_, wish) => _ = settings.insert(key, wish),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_wished_for_stays() {
        let mut settings: Table = "[a]\nb = 1\nc = 2\n[d]\ne = 3".parse().unwrap();
        merge(&mut settings, "[a]\nb = 9\n[f]\ng = 4".parse().unwrap());
        assert_eq!(settings, "[a]\nb = 9\nc = 2\n[d]\ne = 3\n[f]\ng = 4".parse().unwrap());
    }
}

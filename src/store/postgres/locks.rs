//! The advisory locks of the service, each with a number in a class of the schema. A lock ends with the connection that holds it,
//! whatever that dies of.

/// The class of the advisory locks, one for each schema, and the one of the locks of instances. See `docs/postgres.md`.
macro_rules! class {
    () => {
        "hashtext(current_schema())"
    };
}
macro_rules! instances {
    () => {
        "hashtext(current_schema() || '.instances')"
    };
}

/// Held for the time of a start.
pub const START: &str = concat!("SELECT pg_advisory_lock(", class!(), ", 1)");
/// Held by the instance that leads.
pub const LEAD: &str = concat!("SELECT pg_try_advisory_lock(", class!(), ", 2) AS is_held");
/// Lets another instance lead, and tells all.
pub const RESIGN: &str = concat!(
    "SELECT pg_advisory_unlock(",
    class!(),
    ", 2), pg_notify('itseme', 'lead')"
);
/// Held by every instance.
pub const LIVE: &str = concat!("SELECT pg_advisory_lock_shared(", class!(), ", 3)");
/// The same, by one alone.
pub const ALONE: &str = concat!("SELECT pg_try_advisory_lock(", class!(), ", 3) AS is_held");
/// Held by the instance of that number.
pub const MINE: &str = concat!("SELECT pg_advisory_lock(", instances!(), ", $1::bigint::int)");
/// Tells if there is an instance.
pub const IN_USE: &str = concat!(
    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = 3
        AND classid = ",
    class!(),
    "::oid AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS is_in_use"
);
/// Ends that of [`ALONE`].
pub const NOT_ALONE: &str = concat!("SELECT pg_advisory_unlock(", class!(), ", 3)");
/// The instances that are there by name, but hold no lock.
pub const VANISHED: &str = concat!(
    "SELECT number FROM instances WHERE NOT EXISTS (
        SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = instances.number::int::oid
        AND classid = ",
    instances!(),
    "::oid
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
);
/// The instances, each with its number, and if it lives and leads.
pub const ROSTER: &str = concat!(
    "WITH held AS (SELECT * FROM pg_locks WHERE locktype = 'advisory' AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
     SELECT number, name, version, EXISTS (SELECT FROM held WHERE classid = ",
    instances!(),
    "::oid AND objid = number::int::oid) AS lives,
        EXISTS (SELECT FROM held AS own JOIN held AS lead USING (pid)
            WHERE own.classid = ",
    instances!(),
    "::oid AND own.objid = number::int::oid AND lead.classid = ",
    class!(),
    "::oid AND lead.objid = 2) AS leads
     FROM instances ORDER BY number"
);

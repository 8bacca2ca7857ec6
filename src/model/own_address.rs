//! The addresses of the service itself.

/// One of the two addresses of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnAddress {
    /// The component's domain, which programs use.
    Domain,
    /// The account at that domain, which people use.
    Account,
}

impl OwnAddress {
    /// Both addresses.
    pub const ALL: [Self; 2] = [Self::Domain, Self::Account];

    fn bit(self) -> u8 {
        match self {
            Self::Domain => 1,
            Self::Account => 2,
        }
    }
}

/// A set of addresses of the service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnAddresses(u8);

impl OwnAddresses {
    /// Returns the set as a number: 1 for the domain, 2 for the account, 3 for both.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// Returns the set of that number; other bits are ignored.
    pub fn of_bits(bits: u8) -> Self {
        let has = OwnAddress::ALL.into_iter().filter(|address| bits & address.bit() != 0);
        has.fold(Self::default(), Self::with)
    }

    /// Returns the set with `address`.
    #[must_use]
    pub fn with(self, address: OwnAddress) -> Self {
        Self(self.0 | address.bit())
    }

    /// Returns the set without `address`.
    #[must_use]
    pub fn without(self, address: OwnAddress) -> Self {
        Self(self.0 & !address.bit())
    }

    /// Returns `true` if `address` is in the set.
    pub fn contains(self, address: OwnAddress) -> bool {
        self.0 & address.bit() != 0
    }

    /// Returns `true` if no address is in the set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns the addresses in the set.
    pub fn iter(self) -> impl Iterator<Item = OwnAddress> {
        OwnAddress::ALL
            .into_iter()
            .filter(move |address| self.contains(*address))
    }
}

impl From<OwnAddress> for OwnAddresses {
    fn from(address: OwnAddress) -> Self {
        Self::default().with(address)
    }
}

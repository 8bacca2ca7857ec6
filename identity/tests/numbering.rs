//! Each rule of the numbering table, in both directions, and the numbers that it must not change.
#![allow(clippy::unwrap_used)]

use itseme_identity::{Identity, Provider};

fn read(number: &str) -> Identity {
    Identity::parse(Provider::Phone, number).unwrap()
}

fn aliases(number: &str) -> Vec<String> {
    read(number).aliases().into_iter().map(|alias| alias.id).collect()
}

/// Former and current numbers, one of each rule.
#[rustfmt::skip]
const RENUMBERED: &[(&str, &str)] = &[
    // MX
    ("+5212123456789", "+522123456789"),
    ("+520442123456789", "+522123456789"),
    ("+520452123456789", "+522123456789"),
    // BJ
    ("+22921234567", "+2290121234567"),
    // BR
    ("+551161234567", "+5511961234567"),
    // GA
    ("+24102123456", "+24162123456"),
    ("+24104123456", "+24174123456"),
    ("+2412123456", "+24162123456"),
    ("+2414123456", "+24174123456"),
    // VN
    ("+841621234567", "+84321234567"),
    ("+841200123456", "+84700123456"),
    ("+841211234567", "+84791234567"),
    ("+841220123456", "+84770123456"),
    ("+841261234567", "+84761234567"),
    ("+841281234567", "+84781234567"),
    ("+841231234567", "+84831234567"),
    ("+841241234567", "+84841234567"),
    ("+841251234567", "+84851234567"),
    ("+841271234567", "+84811234567"),
    ("+841291234567", "+84821234567"),
    ("+841861234567", "+84561234567"),
    ("+841881234567", "+84581234567"),
    ("+841991234567", "+84591234567"),
    // GM
    ("+2203123456", "+220833123456"),
    ("+2205012345", "+220835012345"),
    ("+2205561234", "+220835561234"),
    ("+2206123456", "+220866123456"),
    ("+2202123456", "+220872123456"),
    ("+2204012345", "+220874012345"),
    // CI
    ("+22507123456", "+2250707123456"),
    ("+22567123456", "+2250767123456"),
    ("+22504123456", "+2250504123456"),
    ("+22501123456", "+2250101123456"),
    ("+22540123456", "+2250140123456"),
    // CM
    ("+23751234567", "+237651234567"),
    // SM
    ("+378812345", "+3780549812345"),
    ("+390549812345", "+3780549812345"),
    // EG
    ("+20101234567", "+201001234567"),
    ("+20111234567", "+201111234567"),
    ("+20121234567", "+201221234567"),
    // EC
    ("+59381234567", "+593981234567"),
    // MA
    ("+21211234567", "+212611234567"),
    ("+212011234567", "+212611234567"),
    // QA
    ("+9743123456", "+97433123456"),
    ("+9745123456", "+97455123456"),
    ("+9746123456", "+97466123456"),
    ("+9747123456", "+97477123456"),
    // GE
    ("+99551123456", "+995551123456"),
    ("+99571123456", "+995571123456"),
    ("+99591123456", "+995591123456"),
    // TL
    ("+6707212345", "+67077212345"),
    // SX
    ("+5995123456", "+17215123456"),
];

/// Two numbers of one subscriber, both in use.
const BOTH_IN_USE: &[(&str, &str)] = &[
    ("+541123456789", "+5491123456789"), // AR
    ("+972561234567", "+970561234567"),  // PS
];

#[test]
fn former_numbers_are_read_as_those_of_today() {
    for (former, current) in RENUMBERED {
        assert_eq!(read(former).id, *current, "{former}");
        assert_eq!(read(current).id, *current);
        assert_eq!(read(former).hash(), read(current).hash());
    }
}

#[test]
fn todays_numbers_have_the_former_ones_for_aliases() {
    for (former, current) in RENUMBERED {
        let aliases = aliases(current);
        assert!(aliases.contains(&(*former).to_owned()), "{current}: {aliases:?}");
        assert!(!aliases.contains(&(*current).to_owned()), "{current}");
    }
}

#[test]
fn of_two_numbers_in_use_each_is_the_others_alias_and_neither_is_rewritten() {
    for (one, other) in BOTH_IN_USE {
        assert_eq!((read(one).id.as_str(), aliases(one)), (*one, vec![(*other).to_owned()]));
        assert_eq!(
            (read(other).id.as_str(), aliases(other)),
            (*other, vec![(*one).to_owned()])
        );
    }
}

#[test]
fn every_rule_is_tried() {
    let rules = include_str!("../numbering.toml").matches("[[rule]]").count();
    assert_eq!(RENUMBERED.len() + BOTH_IN_USE.len(), rules);
}

/// Numbers that no rule may change, and the reasons.
const LEFT_ALONE: [&str; 64] = [
    "+5215512345",     // MX: ten digits behind +52, of which none begins so
    "+52015512345678", // MX: the trunk prefix of landlines
    "+5211551234567",  // MX: eleven digits, the second a 1
    "+22985751234",    // BJ: Internet telephony has kept eight digits
    "+22981123456",    // BJ: so have shared-cost numbers
    "+22901951234",    // BJ: 01 and too few digits
    "+551171234567",   // BR: mobile radio has kept eight digits
    "+551131234567",   // BR: landline
    "+558001234567",   // BR: free of charge: 80 is no area code
    "+551081234567",   // BR: there is no area code with a 0
    "+5540041234",     // BR: shared cost
    "+24101441234",    // GA: landline
    "+24103123456",    // GA: 03 has no current form
    "+24160123456",    // GA: new in 2019
    "+24176123456",    // GA: new in 2019
    "+24111441234",    // GA: landline of today
    "+841201123456",   // VN: 1201 is free of charge
    "+841203123456",   // VN: 1203 is
    "+841228123456",   // VN: 1228 is
    "+8412011234",     // VN: free of charge, eight digits
    "+841800123456",   // VN: free of charge
    "+841900123456",   // VN: premium rate
    "+84912345678",    // VN: nine digits before and since
    "+841891234567",   // VN: 189 was nobody's
    "+2209012345",     // GM: Gamcel keeps seven digits
    "+2204412345",     // GM: landline
    "+2205661234",     // GM: landline
    "+2208412345",     // GM: no rule for Comium's 84
    "+22521234567",    // CI: landline
    "+22590123456",    // CI: shared revenue, eight digits
    "+22560123456",    // CI: an operator who had left
    "+22569123456",    // CI: an operator who had left
    "+23788012345",    // CM: free of charge
    "+23722123456",    // CM: landline
    "+23767123456",    // CM: a digit of a current number is missing
    "+37866661212",    // SM: mobile
    "+39054912345",    // SM: five digits
    "+390541886377",   // SM: Rimini's area code
    "+201501234567",   // EG: WE, formerly Mobinil's 0150
    "+20132123456",    // EG: landline of 13
    "+20151234567",    // EG: landline of 15
    "+59322123456",    // EC: landline
    "+212412345678",   // MA: nine digits
    "+21241234567",    // MA: 4 was a landline until 2006
    "+21251234567",    // MA: 5 was one as well
    "+9744123456",     // QA: landline
    "+9742123456",     // QA: pager
    "+9748001234",     // QA: free of charge
    "+99590123456",    // GE: fixed wireless, which became 790
    "+99532123456",    // GE: landline
    "+6707012345",     // TL: personal number
    "+6702112345",     // TL: landline
    "+59941812345",    // SX: eight digits
    "+5994161234",     // SX: Saba has stayed
    "+59995181234",    // SX: Curaçao has stayed
    "+5993181234",     // SX: Sint Eustatius has stayed
    "+548001234567",   // AR: free of charge
    "+970221234567",   // PS: not a mobile
    "+97222345678",    // PS: landline
    "+972502345678",   // PS: Israel's mobiles
    "+2307123456",     // MU: seven digits may be a landline of today
    "+37744123456",    // XK: Monaco's code, which Kosovo used, is Monaco's again
    "+38649123456",    // XK: Slovenia's code is Slovenia's
    "+38344123456",    // XK: Kosovo's own
];

#[test]
fn what_may_be_somebody_elses_is_left_alone() {
    for number in LEFT_ALONE {
        assert_eq!(
            (read(number).id.as_str(), aliases(number)),
            (number, Vec::new()),
            "{number}"
        );
    }
}

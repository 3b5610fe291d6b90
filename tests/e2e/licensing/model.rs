//! A model of the licensing system, run beside the real one: after every step both have to agree.
//!
//! Each seed is another story of a company with a few clients and packs: requests that are lost, doubled, late, out of
//! order and at once, orders, fees and packs that come twice or late, wrong responses, cloned clients, features, upgrades,
//! revocations, license servers that are killed or restored from a backup, gateways and a clearinghouse that are killed,
//! clocks that jump. All choices follow from the seed; only which of several requests at once comes first, and what a
//! license server that is killed had decided, do not, and whatever it is has to be right. A seed that fails is played
//! again with
//! `TRYBUY_MODEL_SEED=N cargo test --package trybuy-tests --test e2e -- model`, and more of them are played with
//! `TRYBUY_MODEL_SEEDS=COUNT`.

mod machine;
mod random;
mod rules;
mod secrecy;
mod story;

use anyhow::{Context as _, Result};

use self::random::Random;
use self::story::Story;
use crate::case::{Shared, cases};

cases![the_licensing_system_does_what_its_model_does[Python, Curl, Faketime, Sqlite]];

/// Seeds that are played without a word about it.
const SEEDS: u64 = 3;
/// Steps of a story.
const STEPS: u32 = 50;

fn the_licensing_system_does_what_its_model_does(shared: &Shared) -> Result<()> {
    for seed in seeds()? {
        let replay = || {
            format!(
                "the seed {seed}; again with: TRYBUY_MODEL_SEED={seed} \
                 cargo test --package trybuy-tests --test e2e -- model"
            )
        };
        let mut story = Story::begin(shared.binaries()).with_context(replay)?;
        for step in 1..=STEPS {
            story
                .go_on(Random::of(seed, step))
                .with_context(|| format!("step {step}"))
                .with_context(replay)?;
        }
    }
    Ok(())
}

fn seeds() -> Result<Vec<u64>> {
    let number = |name: &str| -> Result<Option<u64>> {
        let text = std::env::var(name).ok();
        text.map(|text| text.parse().context("a number")).transpose()
    };
    Ok(match (number("TRYBUY_MODEL_SEED")?, number("TRYBUY_MODEL_SEEDS")?) {
        (Some(seed), _) => vec![seed],
        (None, count) => (1..=count.unwrap_or(SEEDS)).collect(),
    })
}

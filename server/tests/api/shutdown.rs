//! Webhooks of a server that is told to stop.

use std::time::{Duration, Instant};

use trybuy_server::webhooks::Dispatcher;

use crate::support::{TestBuilder, policy};
use crate::webhooks::{HANGS, HELD, Receiver, World};

/// Two events, of which the first one is on its way to a receiver that does that.
async fn telling(conduct: u16) -> (World, Receiver, Dispatcher) {
    let world = World::start(policy()).await;
    let (receiver, url) = Receiver::start(&[conduct]).await;
    world.add(&url).await;
    for key in 0..2 {
        TestBuilder::register(&world.server, key).await.try_it(&world.server).await;
    }
    let mut dispatcher = world.dispatcher();
    dispatcher.round().await.expect("a round");
    while receiver.received().is_empty() {
        tokio::task::yield_now().await;
    }
    (world, receiver, dispatcher)
}

/// Which events the receiver was told, in order.
fn told(receiver: &Receiver) -> Vec<String> {
    receiver.received().iter().map(|one| one.header("webhook-id").to_owned()).collect()
}

/// What another server tells, at the same time by the clock.
async fn tell_on(world: &World) {
    let mut dispatcher = world.dispatcher();
    dispatcher.round().await.expect("a round");
    dispatcher.finish().await;
}

#[tokio::test]
async fn who_hangs_holds_up_no_end_and_is_told_again() {
    let (world, receiver, mut dispatcher) = telling(HANGS).await;
    let begin = Instant::now();
    dispatcher.stop().await;
    assert!(begin.elapsed() < Duration::from_secs(8), "it waited for {:?}", begin.elapsed());
    assert_eq!(told(&receiver).len(), 1);
    let log = world.log("").await;
    let stopped = log.iter().find(|one| one.attempts == 1).expect("the first one");
    assert_eq!(stopped.last_error.as_deref(), Some("the server was stopped"));
    assert_eq!(stopped.next_attempt_at, Some(world.server.now()));
    tell_on(&world).await;
    let told = told(&receiver);
    assert_eq!((told.len(), &told[0]), (3, &told[1]), "the same first, then the other");
    assert!(world.log("").await.iter().all(|one| one.delivered_at.is_some()));
}

#[tokio::test]
async fn who_answers_is_waited_for_and_told_no_more() {
    let (world, receiver, mut dispatcher) = telling(HELD).await;
    let release = async { receiver.release.notify_one() };
    tokio::join!(dispatcher.stop(), release);
    assert_eq!(told(&receiver).len(), 1);
    let delivered = world.log("").await.iter().filter(|one| one.delivered_at.is_some()).count();
    assert_eq!(delivered, 1);
    tell_on(&world).await;
    let told = told(&receiver);
    assert!(told.len() == 2 && told[0] != told[1], "{told:?}");
}

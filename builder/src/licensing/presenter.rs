//! The license that a door presents, and when another one is asked for.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant as Moment};

use rustls::ClientConfig;
use tokio::sync::Mutex as Turn;
use trybuy_formats::expiry::has_ended;
use trybuy_formats::ids::SeatLicenseId;
use trybuy_formats::instant::Instant;
use trybuy_formats::slug::Slug;

use crate::clock;
use crate::error::Error;
use crate::{messages, output};

/// How long nothing is asked after the last time: a temporary license triggers a new request each time it
/// is presented, but a page of a hundred pictures is no hundred requests.
const PAUSE: Duration = Duration::from_secs(180);

/// How long nothing is asked after the gateway refused a license, at first and at most. It doubles while licenses are
/// refused again soon.
const REFUSED_PAUSE: (Duration, Duration) = (Duration::from_secs(5), PAUSE);

/// A license, ready to be presented.
#[derive(Clone)]
pub struct Presented {
    /// Which license it is.
    pub license_id: SeatLicenseId,
    /// Connections that show it.
    pub tls: Arc<ClientConfig>,
    /// Until when it can be used.
    pub until: Option<Instant>,
}

/// Presents a license to each connection, and swaps it when a better one comes.
pub struct Presenter {
    /// How another license is got than the one that was presented last; blocks.
    source: Arc<dyn Fn(SeatLicenseId) -> Result<Presented, Error> + Send + Sync>,
    current: Mutex<Presented>,
    /// When the source was asked last; whoever has it asks.
    asked: Turn<Moment>,
    /// When another license was asked for as the gateway refused one, and how long not to ask again.
    refused: Turn<Option<(Moment, Duration)>>,
    pause: Duration,
}

impl Presenter {
    /// Begins with a license that the source just gave.
    pub fn new(
        first: Presented,
        source: impl Fn(SeatLicenseId) -> Result<Presented, Error> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Self::with_pause(first, PAUSE, source)
    }

    fn with_pause(
        first: Presented,
        pause: Duration,
        source: impl Fn(SeatLicenseId) -> Result<Presented, Error> + Send + Sync + 'static,
    ) -> Arc<Self> {
        let (source, current) = (Arc::new(source), Mutex::new(first));
        Arc::new(Self {
            source,
            current,
            asked: Turn::new(Moment::now()),
            refused: Turn::new(None),
            pause,
        })
    }

    /// The license for a new connection. One that has ended is waited for; otherwise the connection is
    /// not held up.
    ///
    /// # Errors
    /// Why there is no other license.
    pub async fn present(self: &Arc<Self>) -> Result<Presented, Error> {
        if has_ended(self.current().until, clock::now()) {
            let mut asked = self.asked.lock().await;
            // Another connection may have got it meanwhile.
            if has_ended(self.current().until, clock::now()) {
                self.ask(&mut asked).await?;
            }
            return Ok(self.current());
        }
        let this = Arc::clone(self);
        tokio::spawn(async move {
            let Ok(mut asked) = this.asked.try_lock() else { return };
            if asked.elapsed() < this.pause {
                return;
            }
            if let Err(error) = this.ask(&mut asked).await {
                // The license that is there goes on working.
                output::warn(&error.explain(), error.help());
            }
        });
        Ok(self.current())
    }

    /// Another license than one that the gateway refuses, and why. One connection asks for it, the others wait; a client
    /// that gets none asks more and more rarely, whatever programs do.
    ///
    /// # Errors
    /// Why there is no other license. The user is told by this, once for each time that was asked.
    pub async fn replace(&self, refused: &Presented, slug: Slug) -> Result<Presented, Error> {
        let mut last = self.refused.lock().await;
        if !Arc::ptr_eq(&self.current().tls, &refused.tls) {
            return Ok(self.current());
        }
        let (first, most) = REFUSED_PAUSE;
        let pause = match *last {
            Some((at, pause)) if at.elapsed() < pause => {
                return Err(messages::refused_again(slug, (pause - at.elapsed()).as_secs() + 1));
            }
            Some((at, pause)) if at.elapsed() < pause * 4 => most.min(pause * 2),
            _ => first,
        };
        let answer = self.ask(&mut *self.asked.lock().await).await;
        *last = Some((Moment::now(), pause));
        answer.inspect_err(|error| output::warn(&error.explain(), error.help()))?;
        Ok(self.current())
    }

    async fn ask(&self, asked: &mut Moment) -> Result<(), Error> {
        let (source, last) = (Arc::clone(&self.source), self.current().license_id);
        let answer = tokio::task::spawn_blocking(move || source(last)).await;
        *asked = Moment::now();
        let presented = answer.expect("whoever is asked does not panic")?;
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = presented;
        Ok(())
    }

    fn current(&self) -> Presented {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use trybuy_formats::instant::Span;

    fn presented(until: Option<Instant>) -> Presented {
        let tls = ClientConfig::builder()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        Presented { license_id: SeatLicenseId::temporary(), tls: Arc::new(tls), until }
    }

    fn hour() -> Span {
        Span::seconds(3600)
    }

    #[tokio::test]
    async fn an_ended_license_is_asked_for_once_and_waited_for() {
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        let presenter = Presenter::new(presented(Some(clock::now().minus(hour()))), move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
            Ok(presented(Some(clock::now().plus(hour()))))
        });
        let (one, two) = tokio::join!(presenter.present(), presenter.present());
        for presented in [one, two] {
            let until = presented.map_err(|error| error.explain()).expect("a license").until;
            assert!(until.is_some_and(|until| until > clock::now()));
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn without_another_license_an_ended_one_is_not_presented() {
        let ended = presented(Some(clock::now().minus(hour())));
        let presenter =
            Presenter::new(ended, |_| Err(Error::new(Slug::NoFreeLicense, "none", "buy one")));
        let refused = presenter.present().await.map(|_| ()).expect_err("ended");
        assert_eq!(refused.slug(), Slug::NoFreeLicense);
    }

    #[tokio::test]
    async fn a_license_that_lasts_is_presented_at_once_and_swapped_behind() {
        let (tell, told) = std::sync::mpsc::channel();
        let source = move |_| {
            tell.send(()).map_err(|_| Error::new(Slug::Busy, "nobody waits", ""))?;
            Ok(presented(None))
        };
        let temporary = presented(Some(clock::now().plus(hour())));
        let presenter = Presenter::with_pause(temporary, Duration::ZERO, source);
        let first = presenter.present().await.map_err(|error| error.explain()).expect("a license");
        assert!(first.until.is_some());
        tokio::task::spawn_blocking(move || told.recv()).await.expect("ran").expect("asked");
        let _turn = presenter.asked.lock().await;
        assert!(presenter.current().until.is_none());
    }

    #[tokio::test]
    async fn a_refused_license_is_replaced_once_and_a_barred_client_asks_rarely() {
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        let presenter = Presenter::new(presented(None), move |_| {
            match counter.fetch_add(1, Ordering::SeqCst) {
                0 => Ok(presented(None)),
                _ => Err(Error::new(Slug::LicenseRevoked, "barred", "ask")),
            }
        });
        let refused = presenter.current();
        let (one, two) = tokio::join!(
            presenter.replace(&refused, Slug::LicenseRevoked),
            presenter.replace(&refused, Slug::LicenseRevoked)
        );
        assert!(one.is_ok() && two.is_ok() && asked.load(Ordering::SeqCst) == 1);
        *presenter.refused.lock().await = None;
        let refused = presenter.current();
        for _ in 0..10 {
            assert!(presenter.replace(&refused, Slug::LicenseRevoked).await.is_err());
        }
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn what_was_just_asked_is_not_asked_again() {
        let temporary = presented(Some(clock::now().plus(hour())));
        let presenter =
            Presenter::new(temporary, |_| Err(Error::new(Slug::Busy, "asked too soon", "")));
        for _ in 0..3 {
            assert!(presenter.present().await.is_ok());
            tokio::task::yield_now().await;
        }
        assert!(presenter.asked.lock().await.elapsed() < PAUSE);
    }
}

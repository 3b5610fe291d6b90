//! The handlers of trials and downloads.

mod answer;
mod buy_application;
mod create_acceptance_code;
mod download_file;
mod download_head;
mod list_trials;
mod range;
mod report_first_run;
mod request_trial;
mod show_offer;
mod show_trial;
mod transmission_body;

pub(crate) use self::answer::trial_answer;
pub use self::buy_application::buy_application;
pub use self::create_acceptance_code::create_acceptance_code;
pub use self::download_file::download_file;
pub use self::download_head::download_head;
pub use self::list_trials::list_trials;
pub use self::report_first_run::report_first_run;
pub use self::request_trial::request_trial;
pub use self::show_offer::show_offer;
pub use self::show_trial::show_trial;

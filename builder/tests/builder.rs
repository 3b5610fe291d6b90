//! The Builder's commands against a server in this process, and its downloads against servers that
//! misbehave. Real sockets on 127.0.0.1; the programs that run are the system's own.

#[path = "builder/gateway.rs"]
mod gateway;
#[path = "builder/http.rs"]
mod http;
#[path = "builder/world.rs"]
mod world;

#[path = "builder/connecting.rs"]
mod connecting;
#[path = "builder/doctoring.rs"]
mod doctoring;
#[path = "builder/downloads.rs"]
mod downloads;
#[path = "builder/license_servers.rs"]
mod license_servers;
#[path = "builder/license_upkeep.rs"]
mod license_upkeep;
#[path = "builder/license_words.rs"]
mod license_words;
#[path = "builder/licensing.rs"]
mod licensing;
#[path = "builder/replays.rs"]
mod replays;
#[path = "builder/running.rs"]
mod running;
#[path = "builder/setting_up.rs"]
mod setting_up;
#[path = "builder/surroundings.rs"]
mod surroundings;
#[path = "builder/transcripts.rs"]
mod transcripts;
#[path = "builder/trying.rs"]
mod trying;

//! A real nginx, on ports of its own.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process};

use crate::wait;

/// A running nginx; it ends when this is dropped.
pub struct Nginx(Child);

impl Nginx {
    /// Starts one with that block `server { … }`, which listens on that port of this machine. Its
    /// files are in the folder.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(folder: &Path, port: u16, server: &str) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let own = folder.display();
        let configuration = format!(
            "user root; daemon off; pid {own}/pid; error_log {own}/error.log;\n\
             worker_processes auto; events {{ worker_connections 1024; }}\n\
             http {{ access_log off; sendfile on; tcp_nopush on;\n\
             client_body_temp_path {own}/body; proxy_temp_path {own}/proxy;\n\
             fastcgi_temp_path {own}/f; uwsgi_temp_path {own}/u; scgi_temp_path {own}/s;\n\
             {server} }}\n"
        );
        let file = folder.join("nginx.conf");
        std::fs::write(&file, configuration)?;
        let child = Command::new("nginx").arg("-c").arg(&file).stderr(Stdio::null()).spawn();
        let nginx = Self(child.context("cannot run nginx (Debian's package nginx-light)")?);
        wait::until("nginx", || Ok(TcpStream::connect(("127.0.0.1", port)).is_ok()))?;
        Ok(nginx)
    }
}

/// A port that is free now.
///
/// # Errors
/// When there is none.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // SIGTERM ends the workers as well; a killed master would leave them.
        if let Some(id) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) {
            kill_process(id, Signal::TERM).ok();
        }
        drop(self.0.wait());
    }
}

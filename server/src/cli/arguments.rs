//! Commands and options.

mod authority;
mod clearinghouse;
mod gateway;
pub(super) mod license_server;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use trybuy_formats::subject::Subject;

pub(super) use self::authority::{AuthorityCommand, CertificateRole};
pub(super) use self::clearinghouse::{
    AddProduct, CertificateCommand, ClearinghouseCommand, DateArguments, EnterOrder, FeeCommand,
    OrderCommand, PackCommand, ProductArguments, ProductCommand,
};
pub(super) use self::gateway::{ClientCommand, GatewayCommand, InitGateway};
use crate::config::{Overrides, RoleOverrides};

/// The server of trybuy in every role: the catalog that programs are tried from, and the licensing system.
#[derive(Parser)]
#[command(name = "trybuy-server", version, arg_required_else_help = true)]
pub(super) struct Arguments {
    /// The directory with keys, configuration and, unless configured otherwise, all data.
    #[arg(long, value_name = "DIR", env = "TRYBUY_DATA_DIR", global = true)]
    pub(super) data_dir: Option<PathBuf>,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make the data directory: keys, database and a configuration file.
    Init(Settings),
    /// Answer requests until the signal to stop.
    Serve(ServeOptions),
    /// Bring the database up to this release.
    Migrate {
        #[command(flatten)]
        database: Database,
        /// Whose configuration names the database.
        #[arg(long, value_enum, env = "TRYBUY_ROLE", default_value_t = Role::Catalog)]
        role: Role,
    },
    /// Tokens of those who publish.
    Token {
        #[command(flatten)]
        database: Database,
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// What is stored about a person.
    Person {
        #[command(flatten)]
        database: Database,
        #[command(subcommand)]
        command: PersonCommand,
    },
    /// The gateway in front of a service that needs licenses.
    Gateway {
        #[command(flatten)]
        database: Database,
        #[command(subcommand)]
        command: GatewayCommand,
    },
    /// The clearinghouse, which issues license packs for a fee.
    Clearinghouse {
        #[command(flatten)]
        database: Database,
        #[command(subcommand)]
        command: ClearinghouseCommand,
    },
    /// The license server, which gives the licenses of packs to clients.
    LicenseServer {
        #[command(flatten)]
        database: Database,
        #[command(subcommand)]
        command: license_server::LicenseServerCommand,
    },
    /// Client images, for vendors of clients.
    #[command(subcommand)]
    ClientImage(license_server::ClientImageCommand),
    /// A certifying authority for development, and for companies without one.
    #[command(subcommand)]
    Authority(AuthorityCommand),
    /// Print the completions for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

#[derive(Subcommand)]
pub(super) enum TokenCommand {
    /// Make a token and print it; it is not shown again.
    Create(CreateToken),
    /// List all tokens, without the tokens themselves.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make a token invalid.
    Revoke {
        /// Its id, as `token list` shows it.
        id: String,
    },
}

#[derive(Subcommand)]
pub(super) enum PersonCommand {
    /// Show everything that is stored about a person.
    Show {
        /// An e-mail address, or a licensee id.
        #[arg(value_name = "EMAIL|LICENSEE")]
        who: Subject,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Delete names and addresses of a person; trials stay counted.
    Delete {
        /// An e-mail address, or a licensee id.
        #[arg(value_name = "EMAIL|LICENSEE")]
        who: Subject,
        /// Do not ask.
        #[arg(long, short)]
        yes: bool,
    },
}

#[derive(Args)]
pub(super) struct CreateToken {
    /// What it allows.
    #[arg(long, value_enum)]
    pub(super) role: TokenRole,
    /// Whose it is; a new vendor is made.
    #[arg(long, value_name = "NAME")]
    pub(super) name: String,
    /// What it is for, in your words.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(super) label: String,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum TokenRole {
    /// To publish.
    Vendor,
}

/// Where the database is.
#[derive(Args)]
pub(super) struct Database {
    /// The database: sqlite:PATH or postgres://…
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "TRYBUY_DATABASE_URL",
        hide_env_values = true
    )]
    pub(super) database_url: Option<String>,
}

/// Settings that win over the configuration file.
#[derive(Args)]
pub(super) struct Settings {
    /// The server's name for people.
    #[arg(long, value_name = "NAME", env = "TRYBUY_NAME")]
    pub(super) name: Option<String>,
    /// Where the server is reached from outside.
    #[arg(long, value_name = "URL", env = "TRYBUY_PUBLIC_URL")]
    pub(super) public_url: Option<String>,
    #[command(flatten)]
    pub(super) database: Database,
    /// Where the programs are: a directory, or s3://…, gs://…, az://…
    #[arg(long, value_name = "URL", env = "TRYBUY_BLOBS_URL")]
    pub(super) blobs_url: Option<String>,
}

#[derive(Args)]
pub(super) struct ServeOptions {
    #[command(flatten)]
    pub(super) settings: Settings,
    /// The address to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", env = "TRYBUY_LISTEN", default_value = "127.0.0.1:8080")]
    pub(super) listen: SocketAddr,
    /// What to be.
    #[arg(long, value_enum, env = "TRYBUY_ROLE", default_value_t = Role::Catalog)]
    pub(super) role: Role,
    /// Whether a reverse proxy appends the client's address to X-Forwarded-For.
    #[arg(
        long,
        env = "TRYBUY_BEHIND_PROXY",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub(super) behind_proxy: Option<bool>,
    /// How the log on standard error is written.
    #[arg(long, value_enum, env = "TRYBUY_LOG_FORMAT", default_value_t = LogFormat::Text)]
    pub(super) log_format: LogFormat,
    /// What is logged, for example `info` or `debug,sqlx=warn`.
    #[arg(long, value_name = "FILTER", env = "TRYBUY_LOG", default_value = "info")]
    pub(super) log: String,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Role {
    /// The catalog with trial licensing.
    Catalog,
    /// The clearinghouse of the licensing system.
    Clearinghouse,
    /// The license server of the licensing system.
    LicenseServer,
    /// The gateway in front of a service that needs licenses.
    Gateway,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl From<Database> for Overrides {
    fn from(database: Database) -> Self {
        Self { database_url: database.database_url, ..Self::default() }
    }
}

impl From<Database> for RoleOverrides {
    fn from(database: Database) -> Self {
        Self { database_url: database.database_url, behind_proxy: None }
    }
}

impl From<Settings> for Overrides {
    fn from(settings: Settings) -> Self {
        let Settings { name, public_url, database, blobs_url } = settings;
        Self { name, public_url, blobs_url, ..database.into() }
    }
}

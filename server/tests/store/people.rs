//! Everything about a person, and its deletion.

use trybuy_formats::ids::{Email, Name};
use trybuy_formats::subject::Subject;
use trybuy_server::store::{
    Grant, NewAcceptanceCode, NewBuilder, NewEmailCode, PersonQuery, Registration, Store,
};

use crate::harness::Database;
use crate::samples::{World, at, builder, digest, email_key, parsed, vendor};

const EMAIL: &str = "Zora.Unusual+tag@Peculiar.Example";
const MAILBOX: &str = "zora.unusual@peculiar.example";
const NAME: &str = "Zora Unusual-Name";

/// A person with a Builder, a trial, codes and rules.
struct Zora {
    world: World,
    builder: NewBuilder,
    query: PersonQuery,
}

impl Zora {
    async fn new(store: &Store) -> Self {
        let world = World::new(store).await;
        let builder = NewBuilder { name: parsed(NAME), email: parsed(EMAIL), ..builder() };
        let email_key = email_key(&builder);
        store.register_builder(&builder, &email_key).await.expect("registered");
        let mut request = world.request_of(&builder, at(10));
        request.trial.accepted_as = Some(parsed(NAME));
        assert_eq!(store.grant_trial(&request).await.expect("answered"), Grant::Granted);
        let (license_id, application) = (builder.license_id, world.application().clone());
        let code = NewAcceptanceCode {
            hash: digest("code"),
            license_id,
            application,
            created_at: at(10),
            expires_at: at(20),
        };
        store.create_acceptance_code(&code).await.expect("stored");
        let code = NewEmailCode { license_id, hash: digest("mailed"), expires_at: at(20) };
        store.put_email_code(&code).await.expect("stored");
        let owner = vendor(store, "Example Ltd").await;
        for subject in [MAILBOX.to_owned(), builder.licensee_id.to_string()] {
            let (subject, note): (Subject, _) = (parsed(&subject), parsed(NAME));
            store.put_block(owner.id, &subject, Some(&note), at(11)).await.expect("stored");
        }
        let mailbox = parsed::<Email>(EMAIL).mailbox();
        Self { world, builder, query: PersonQuery { mailbox, email_key } }
    }
}

/// What vendors of a later release may have written.
async fn add_rules(database: &Database) {
    use sqlx::Connection as _;
    let mut connection =
        sqlx::AnyConnection::connect(&database.raw_url).await.expect("the database answers");
    for statement in [
        // The samples make a token whenever they are asked for a vendor; one is left.
        "DELETE FROM vendor_tokens WHERE id <> (SELECT MIN(id) FROM vendor_tokens)",
        "INSERT INTO classes (vendor_id, name, rank) SELECT id, 'students', 1 FROM vendors",
        "INSERT INTO class_members (vendor_id, class, subject) \
         SELECT id, 'students', 'zora.unusual@peculiar.example' FROM vendors",
        "INSERT INTO policy_overrides (application, scope, policy, changed_at) \
         SELECT id, 'zora.unusual@peculiar.example', policy, 1 FROM applications",
        "INSERT INTO policy_changes (id, application, scope, policy, changed_at, changed_by) \
         SELECT '1', applications.id, 'zora.unusual@peculiar.example', policy, 1, vendor_tokens.id \
         FROM applications, vendor_tokens",
    ] {
        sqlx::query(statement).execute(&mut connection).await.expect("written");
    }
    connection.close().await.expect("closed");
}

pub(crate) async fn everything_about_a_person_is_shown(database: Database) {
    let store = &database.store;
    let nobody = PersonQuery { mailbox: parsed(MAILBOX), email_key: email_key(&builder()) };
    assert_eq!(store.person(&nobody).await.expect("answered"), None);
    let zora = Zora::new(store).await;
    add_rules(&database).await;
    let person = store.person(&zora.query).await.expect("answered").expect("there");
    assert_eq!(person.licensees, [zora.builder.licensee_id]);
    assert_eq!(person.builders.len(), 1);
    assert_eq!(person.builders[0].facts, zora.builder);
    assert_eq!(person.trials.len(), 1);
    assert_eq!(person.trials[0].trial.accepted_as, Some(parsed(NAME)));
    let mut kinds: Vec<&str> = person.rules.iter().map(|rule| rule.kind.as_str()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["block", "block", "class", "policy", "policy-change"]);
    let found = store.email_of(zora.builder.licensee_id).await.expect("answered");
    assert_eq!(found, Some(parsed(EMAIL)));
    // A Builder from before each address had a licensee is found by its address.
    let elder = PersonQuery { email_key: email_key(&builder()), ..zora.query.clone() };
    let person = store.person(&elder).await.expect("answered").expect("there");
    assert_eq!(person.licensees, [zora.builder.licensee_id]);
}

pub(crate) async fn a_deleted_person_is_still_counted(database: Database) {
    let store = &database.store;
    let zora = Zora::new(store).await;
    add_rules(&database).await;
    store.delete_person(&zora.query, at(50)).await.expect("deleted");
    assert!(store.clear_log().await.expect("answered"));
    let person = store.person(&zora.query).await.expect("answered").expect("there");
    let facts = &person.builders[0].facts;
    let gone: (Name, Email) = (parsed("deleted"), parsed("deleted@invalid"));
    assert_eq!((&facts.name, &facts.email), (&gone.0, &gone.1));
    assert_eq!(person.builders[0].revoked_at, Some(at(50)));
    assert_eq!(person.trials[0].trial.accepted_as, Some(gone.0));
    assert_eq!(person.rules.len(), 1, "the block of the licensee stays");
    assert_eq!((person.rules[0].kind.as_str(), &person.rules[0].detail), ("block", &None));
    assert_eq!(store.email_of(zora.builder.licensee_id).await.expect("answered"), None);
    assert_eq!(zora.world.standing_of(&zora.builder, store, at(60)).await.used, 1);

    // Who comes back is who was there.
    let back = NewBuilder { email: parsed(EMAIL), ..builder() };
    let outcome = store.register_builder(&back, &zora.query.email_key).await.expect("answered");
    assert_eq!(outcome, Registration::New(zora.builder.licensee_id));

    // On SQLite nothing of it is in the files.
    let folder = database.raw_url.strip_prefix("sqlite:").and_then(|path| path.rsplit_once('/'));
    if let Some((folder, _)) = folder {
        store.delete_person(&zora.query, at(70)).await.expect("deleted");
        assert!(store.clear_log().await.expect("answered"));
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let bytes = std::fs::read(&path).expect("read").to_ascii_lowercase();
            for trace in ["unusual", "peculiar"] {
                let found = bytes.windows(trace.len()).any(|window| window == trace.as_bytes());
                assert!(!found, "{trace} is in {}", path.display());
            }
        }
    }
}

pub(crate) async fn nobody_else_is_deleted(Database { store, .. }: Database) {
    let zora = Zora::new(&store).await;
    let namesake = NewBuilder { email: parsed("zora.unusual@other.example"), ..builder() };
    store.register_builder(&namesake, &email_key(&namesake)).await.expect("registered");
    store.delete_person(&zora.query, at(50)).await.expect("deleted");
    for other in [&zora.world.builder, &namesake] {
        let found = store.builder(other.license_id).await.expect("answered").expect("there");
        assert_eq!((&found.facts, found.revoked_at), (other, None));
    }
    // Those who were deleted before are no one person.
    let mailbox = parsed("deleted@invalid");
    let query = PersonQuery { mailbox, email_key: email_key(&builder()) };
    assert_eq!(store.person(&query).await.expect("answered"), None);
}

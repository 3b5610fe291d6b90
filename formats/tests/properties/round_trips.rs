//! What a server seals, a Builder opens.

use proptest::prelude::*;
use proptest::sample::select;
use trybuy_formats::policy::Layout;
use trybuy_formats::primitives::TAG_LENGTH;
use trybuy_formats::server_format::{self, BLOCK, Compression};
use trybuy_formats::transmission::{Body, BodyError, CHUNK, TrialHead};

use super::world::{LAYOUTS, Release, Trial, contents, program, sealed_chunk, verify};

/// Lengths around the borders of chunks and blocks.
const LENGTHS: [usize; 14] = [
    1,
    2,
    CHUNK - 1,
    CHUNK,
    CHUNK + 1,
    2 * CHUNK,
    5 * CHUNK + 17,
    BLOCK - 1,
    BLOCK,
    BLOCK + 1,
    BLOCK + CHUNK,
    2 * BLOCK,
    3 * BLOCK,
    3 * BLOCK + 4321,
];

/// What a release is made of; printed where a property does not hold.
#[derive(Clone, Copy, Debug)]
struct Shape {
    program: usize,
    compression: Compression,
    documentation: usize,
    terms: usize,
    relicensing: usize,
}

impl Shape {
    fn release(self) -> Release {
        let [documentation, terms, relicensing] =
            [("d", self.documentation), ("t", self.terms), ("r", self.relicensing)]
                .map(|(letter, length)| letter.repeat(length));
        let texts = [documentation.as_str(), &terms, &relicensing];
        Release::new(texts, program(self.program), self.compression)
    }
}

fn shapes() -> impl Strategy<Value = Shape> {
    let program = prop_oneof![select(LENGTHS.as_slice()), 1..3 * CHUNK];
    let compression = select(vec![Compression::Plain, Compression::Zstd { level: 1 }]);
    let text = |most: usize| prop_oneof![Just(0_usize), 1..most];
    (program, compression, text(2 * CHUNK), 1..300_usize, text(300)).prop_map(
        |(program, compression, documentation, terms, relicensing)| Shape {
            program,
            compression,
            documentation,
            terms,
            relicensing,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_sealed_is_opened(
        shape in shapes(),
        layout in select(LAYOUTS.as_slice()),
        threads in 0_usize..4,
    ) {
        let release = shape.release();
        let trial = Trial::new(&release, layout);
        let file = trial.file();
        prop_assert_eq!(file.len() as u64, trial.head.head().len() as u64 + trial.body().sealed_length());
        let verified = verify(&file).unwrap();
        prop_assert!(**verified.control() == trial.control);
        let (documentation, terms, relicensing, program) = contents(verified, threads).unwrap();
        prop_assert!([documentation, terms, relicensing].concat().as_bytes()
            == &release.sections()[..release.manifest.sections.program_range().start as usize]);
        prop_assert!(program == release.program);
    }

    #[test]
    fn any_chunk_can_be_sealed_alone_and_is_the_same_each_time(
        shape in shapes(),
        layout in select(LAYOUTS.as_slice()),
        index in any::<prop::sample::Index>(),
    ) {
        let release = shape.release();
        let trial = Trial::new(&release, layout);
        let file = trial.file();
        let kept = TrialHead::from_bytes(&trial.head.to_bytes()).unwrap();
        prop_assert!(kept == trial.head && kept.layout() == layout);
        let body = Body::new(&trial.file_key(), &kept, release.manifest.sections).unwrap();
        let index = index.index(body.chunk_count() as usize) as u64;
        let start = kept.head().len() + index as usize * (CHUNK + TAG_LENGTH);
        let chunk = sealed_chunk(&body, &release, index);
        prop_assert!(chunk == file[start..start + chunk.len()]);
        prop_assert!(body.sections_range(body.chunk_count()).is_empty());
        prop_assert_eq!(body.sealed_chunk_length(body.chunk_count()), 0);
    }

    #[test]
    fn a_release_passes_the_check(shape in shapes()) {
        let release = shape.release();
        prop_assert_eq!(server_format::check(&release.bytes).unwrap(), release.manifest);
    }
}

#[test]
fn every_length_at_a_border_survives_both_layouts() {
    for length in LENGTHS {
        let release = Release::new(["", "t", ""], program(length), Compression::Zstd { level: 1 });
        for layout in LAYOUTS {
            let file = Trial::new(&release, layout).file();
            let (.., program) = contents(verify(&file).unwrap(), 2).unwrap();
            assert!(program == release.program, "{length}");
        }
    }
}

#[test]
fn the_sections_a_body_asks_for_follow_each_other() {
    let release = Release::new(["d", "t", ""], program(3 * BLOCK), Compression::Plain);
    for layout in LAYOUTS {
        let body = Trial::new(&release, layout).body();
        let mut end = 0;
        for index in 0..body.chunk_count() {
            let range = body.sections_range(index);
            assert_eq!(range.start, end);
            end = range.end;
        }
        assert_eq!(end, release.manifest.sections.total());
    }
}

#[test]
fn wrong_lengths_are_the_callers_fault() {
    let release = Release::new(["", "t", ""], program(CHUNK * 2), Compression::Plain);
    for layout in LAYOUTS {
        let trial = Trial::new(&release, layout);
        let body = trial.body();
        for index in 0..body.chunk_count() {
            let range = body.sections_range(index);
            let bytes = vec![0; (range.end - range.start) as usize];
            let mut out = vec![0; body.sealed_chunk_length(index)];
            let longer = [bytes.as_slice(), &[0]].concat();
            for (bytes, out) in [
                (&bytes[1..], &mut out.clone()[..]),
                (&longer, &mut out.clone()[..]),
                (&bytes, &mut out[1..]),
            ] {
                assert_eq!(body.seal_chunk(index, bytes, out), Err(BodyError::Chunk));
            }
        }
        let mut sections = release.manifest.sections;
        sections.documentation += 1;
        let other = Body::new(&trial.file_key(), &trial.head, sections);
        assert_eq!(other.err(), Some(BodyError::Sections));
        let other = Trial::new(&release, layout);
        let mixed = Body::new(&other.file_key(), &trial.head, release.manifest.sections);
        assert_eq!(mixed.err(), Some(BodyError::Head));
    }
}

#[test]
fn a_leading_head_holds_all_of_the_control_information() {
    let release = Release::new(["", "t", ""], program(1), Compression::Plain);
    let [leading, dispersed] = LAYOUTS.map(|layout| Trial::new(&release, layout).head);
    assert!(leading.head().len() > 2000 && dispersed.head().len() == 510);
    assert_eq!((leading.layout(), dispersed.layout()), (Layout::Leading, Layout::Dispersed));
}

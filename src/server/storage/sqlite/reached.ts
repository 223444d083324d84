/**
 * Every manifest that is reached: from tags, from the trash and from what is new; down to the manifests of an index, from a subject to what
 * refers to it, and back. Parameters: ?1 repository, ?2 moment of pushes, ?3 present moment.
 */
export const REACHED = `
  reached (digest) AS (
    SELECT digest FROM tags WHERE repository_id = ?1
    UNION SELECT digest FROM trash WHERE repository_id = ?1 AND expires_at >= ?3
    UNION SELECT digest FROM manifests WHERE repository_id = ?1 AND (pushed_at >= ?2 OR leased_until >= ?3)
    UNION SELECT r.digest FROM reached JOIN manifest_references r ON r.repository_id = ?1 AND r.manifest = reached.digest WHERE r.kind = 'manifest'
    UNION SELECT m.digest FROM reached JOIN manifests m ON m.repository_id = ?1 AND m.subject = reached.digest
    UNION SELECT m.subject FROM reached JOIN manifests m ON m.repository_id = ?1 AND m.digest = reached.digest WHERE m.subject IS NOT NULL
  )`;

/** What goes with the manifest ?4: what it reaches, and what refers to any of that. */
export const BELONGING = `
  belonging (digest) AS (
    SELECT ?4
    UNION SELECT r.digest FROM belonging JOIN manifest_references r ON r.repository_id = ?1 AND r.manifest = belonging.digest WHERE r.kind = 'manifest'
    UNION SELECT m.digest FROM belonging JOIN manifests m ON m.repository_id = ?1 AND m.subject = belonging.digest
  )`;

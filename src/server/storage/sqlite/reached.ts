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

/**
 * What stays of that: what a tag, the trash, a push or a lease holds, or a manifest beside it that names it or is its subject; and what
 * these reach. It looks at nothing that does not touch `belonging`, so that it costs the same in a repository of any size.
 */
export const HELD = `
  held (digest) AS (
    SELECT digest FROM belonging WHERE EXISTS (SELECT 1 FROM tags WHERE repository_id = ?1 AND tags.digest = belonging.digest)
      OR digest IN (SELECT digest FROM trash WHERE repository_id = ?1 AND expires_at >= ?3)
      OR EXISTS (SELECT 1 FROM manifests m WHERE m.repository_id = ?1 AND m.digest = belonging.digest AND (m.pushed_at >= ?2 OR m.leased_until >= ?3))
      OR EXISTS (SELECT 1 FROM manifest_references r WHERE r.repository_id = ?1 AND r.digest = belonging.digest AND r.kind = 'manifest'
        AND r.manifest NOT IN (SELECT digest FROM belonging))
      OR EXISTS (SELECT 1 FROM manifests m JOIN manifests s ON s.repository_id = ?1 AND s.digest = m.subject
        WHERE m.repository_id = ?1 AND m.digest = belonging.digest AND s.digest NOT IN (SELECT digest FROM belonging))
    UNION SELECT r.digest FROM held JOIN manifest_references r ON r.repository_id = ?1 AND r.manifest = held.digest WHERE r.kind = 'manifest'
    UNION SELECT m.digest FROM held JOIN manifests m ON m.repository_id = ?1 AND m.subject = held.digest
    UNION SELECT m.subject FROM held JOIN manifests m ON m.repository_id = ?1 AND m.digest = held.digest WHERE m.subject IS NOT NULL
  )`;

/** What a manifest leads to: the manifests of an index, and what refers to it. `from` is a list of digests, $1 the repository. */
const below = (from: string): string => `
    SELECT next.digest FROM ${from}, LATERAL (
      SELECT r.digest FROM manifest_references r WHERE r.repository_id = $1 AND r.manifest = ${from}.digest AND r.kind = 'manifest'
      UNION ALL SELECT m.digest FROM manifests m WHERE m.repository_id = $1 AND m.subject = ${from}.digest
    ) AS next`;

/** The same, and what it refers to. */
const around = (from: string): string => below(from).replace(/\n {4}\) AS next$/, `
      UNION ALL SELECT m.subject FROM manifests m WHERE m.repository_id = $1 AND m.digest = ${from}.digest AND m.subject IS NOT NULL
    ) AS next`);

/**
 * Every manifest that is reached: from tags, from the trash and from what is new; down to the manifests of an index, from a subject to what
 * refers to it, and back. Parameters: $1 repository, $2 moment of pushes, $3 present moment.
 */
export const REACHED = `
  reached (digest) AS (
    (SELECT digest FROM tags WHERE repository_id = $1
      UNION SELECT digest FROM trash WHERE repository_id = $1 AND expires_at >= $3
      UNION SELECT digest FROM manifests WHERE repository_id = $1 AND (pushed_at >= $2 OR leased_until >= $3))
    UNION ${around("reached")}
  )`;

/** What goes with the manifest $4: what it reaches, and what refers to any of that. */
export const BELONGING = `
  belonging (digest) AS (
    SELECT $4::text COLLATE "C"
    UNION ${below("belonging")}
  )`;

/**
 * What stays of that: what a tag, the trash, a push or a lease holds, or a manifest beside it that names it or is its subject; and what
 * these reach. It looks at nothing that does not touch `belonging`, so that it costs the same in a repository of any size.
 */
export const HELD = `
  held (digest) AS (
    SELECT digest FROM belonging WHERE EXISTS (SELECT 1 FROM tags WHERE repository_id = $1 AND tags.digest = belonging.digest)
      OR EXISTS (SELECT 1 FROM trash WHERE repository_id = $1 AND trash.digest = belonging.digest AND expires_at >= $3)
      OR EXISTS (SELECT 1 FROM manifests m WHERE m.repository_id = $1 AND m.digest = belonging.digest AND (m.pushed_at >= $2 OR m.leased_until >= $3))
      OR EXISTS (SELECT 1 FROM manifest_references r WHERE r.repository_id = $1 AND r.digest = belonging.digest AND r.kind = 'manifest'
        AND r.manifest NOT IN (SELECT digest FROM belonging))
      OR EXISTS (SELECT 1 FROM manifests m JOIN manifests s ON s.repository_id = $1 AND s.digest = m.subject
        WHERE m.repository_id = $1 AND m.digest = belonging.digest AND s.digest NOT IN (SELECT digest FROM belonging))
    UNION ${around("held")}
  )`;

-- Idempotency records, and what every table of Seaworthy needs.
--
-- `migrate(pool)` applies this file, or you do:  psql --single-transaction --file=0001-idempotency.sql
-- Another schema than `seaworthy`:  sed 's/\bseaworthy\([.;]\)/"yours"\1/g' 0001-idempotency.sql | psql --single-transaction
--
-- Each method of a store calls one function, so a method is one round trip and what it compares and changes is one step.
-- All are VOLATILE: under READ COMMITTED each statement in them sees what was committed before it began. Time is
-- clock_timestamp(), read after a lock was waited for; now() stands still inside a transaction.

CREATE SCHEMA IF NOT EXISTS seaworthy;

CREATE TABLE seaworthy.migrations (
  version integer PRIMARY KEY,
  name text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE seaworthy.migrations IS 'Which files of @seaworthy/postgres were applied.';

-- What time it is, for all functions here.
CREATE FUNCTION seaworthy.clock() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE AS
'SELECT clock_timestamp()';

-- A length of time, from milliseconds.
CREATE FUNCTION seaworthy.lasting(p_milliseconds double precision) RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT p_milliseconds * interval '1 millisecond' $$;

CREATE TABLE seaworthy.idempotency (
  key_hash bytea PRIMARY KEY, -- a key may be longer than an index entry
  key text NOT NULL,
  state text NOT NULL CHECK (state IN ('inFlight', 'completed', 'failed', 'retryable')),
  grant_kind text NOT NULL CHECK (grant_kind IN ('acquired', 'retried', 'recovered')),
  owner text NOT NULL,
  fence bigint NOT NULL,
  attempt integer NOT NULL,
  fingerprint text NOT NULL,
  lease_until timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  payload text
);
CREATE INDEX idempotency_expiry ON seaworthy.idempotency (expires_at);
COMMENT ON TABLE seaworthy.idempotency IS 'One row for each key of work that was claimed. A row behind expires_at counts as none.';
COMMENT ON COLUMN seaworthy.idempotency.key_hash IS 'sha256(convert_to(key, ''UTF8'')): look a record up by it.';
COMMENT ON COLUMN seaworthy.idempotency.fence IS 'Greater with every grant of the key: microseconds since 1970, or one more than before.';
COMMENT ON COLUMN seaworthy.idempotency.payload IS 'completed: the result. Otherwise: the error of the last failure.';

-- The answer to a claim that is granted nothing; null if it is to be granted.
CREATE FUNCTION seaworthy.idempotency_refusal(
  known seaworthy.idempotency, p_owner text, p_fingerprint text, p_takeover boolean, p_now timestamptz
) RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF known.key_hash IS NULL OR known.expires_at <= p_now THEN
    RETURN NULL;
  ELSIF known.fingerprint <> '' AND p_fingerprint <> '' AND known.fingerprint <> p_fingerprint THEN
    RETURN json_build_object('kind', 'mismatch');
  ELSIF known.state IN ('completed', 'failed') THEN
    RETURN json_build_object('kind', known.state, 'payload', known.payload);
  ELSIF known.state = 'retryable' OR known.owner = p_owner THEN
    RETURN NULL;
  ELSIF known.lease_until > p_now THEN
    RETURN json_build_object('kind', 'inFlight', 'leaseLeft', extract(epoch FROM known.lease_until - p_now) * 1000);
  ELSIF p_takeover THEN
    RETURN NULL;
  END IF;
  RETURN json_build_object('kind', 'abandoned', 'attempt', known.attempt, 'fence', known.fence);
END $$;

CREATE FUNCTION seaworthy.idempotency_claim(
  p_key text, p_owner text, p_fingerprint text, p_lease double precision, p_retain double precision, p_takeover boolean
) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
  v_hash bytea := sha256(convert_to(p_key, 'UTF8'));
  v_now timestamptz := seaworthy.clock();
  known seaworthy.idempotency;
  refusal json;
BEGIN
  -- A refusal that holds now needs no lock: duplicates neither write nor wait, not even for a transaction that completes the record.
  SELECT * INTO known FROM seaworthy.idempotency WHERE key_hash = v_hash;
  refusal := seaworthy.idempotency_refusal(known, p_owner, p_fingerprint, p_takeover, v_now);
  IF refusal IS NOT NULL THEN
    RETURN refusal;
  END IF;

  -- Grants of a key follow one another, also where there is no row to lock. So the clock gives each a greater fence.
  PERFORM pg_advisory_xact_lock(hashtextextended('seaworthy idempotency ' || p_key, 0));
  SELECT * INTO known FROM seaworthy.idempotency WHERE key_hash = v_hash FOR UPDATE;
  v_now := seaworthy.clock();
  refusal := seaworthy.idempotency_refusal(known, p_owner, p_fingerprint, p_takeover, v_now);
  IF refusal IS NOT NULL THEN
    RETURN refusal;
  END IF;

  IF known.key_hash IS NULL THEN
    INSERT INTO seaworthy.idempotency AS record VALUES (
      v_hash, p_key, 'inFlight', 'acquired', p_owner, floor(extract(epoch FROM v_now) * 1000000), 1, p_fingerprint,
      v_now + seaworthy.lasting(p_lease), v_now + seaworthy.lasting(p_retain), NULL
    ) RETURNING record.* INTO known;
  ELSIF known.expires_at > v_now AND known.state = 'inFlight' AND known.owner = p_owner THEN
    UPDATE seaworthy.idempotency AS record
    SET lease_until = v_now + seaworthy.lasting(p_lease), expires_at = v_now + seaworthy.lasting(p_retain)
    WHERE record.key_hash = v_hash RETURNING record.* INTO known;
  ELSE
    UPDATE seaworthy.idempotency AS record SET
      state = 'inFlight',
      grant_kind = CASE
        WHEN record.expires_at <= v_now THEN 'acquired' WHEN record.state = 'retryable' THEN 'retried' ELSE 'recovered' END,
      owner = p_owner,
      fence = greatest(floor(extract(epoch FROM v_now) * 1000000)::bigint, record.fence + 1),
      attempt = CASE WHEN record.expires_at <= v_now THEN 1 ELSE record.attempt + 1 END,
      fingerprint = CASE
        WHEN p_fingerprint <> '' OR record.expires_at <= v_now THEN p_fingerprint ELSE record.fingerprint END,
      lease_until = v_now + seaworthy.lasting(p_lease),
      expires_at = v_now + seaworthy.lasting(p_retain),
      payload = CASE WHEN record.expires_at <= v_now THEN NULL ELSE record.payload END
    WHERE record.key_hash = v_hash RETURNING record.* INTO known;
  END IF;
  RETURN json_build_object(
    'kind', known.grant_kind, 'fence', known.fence, 'attempt', known.attempt, 'payload', known.payload);
END $$;

-- Many claims: [{ key, owner, fingerprint, lease, retain, takeover }]. By key, so that two such calls cannot wait for each other.
CREATE FUNCTION seaworthy.idempotency_claim_many(p_claims text) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
  asked record;
  answers json[] := '{}';
BEGIN
  FOR asked IN
    SELECT place, claim FROM json_array_elements(p_claims::json) WITH ORDINALITY AS each (claim, place)
    ORDER BY (claim ->> 'key') COLLATE "C", place
  LOOP
    answers[asked.place] := seaworthy.idempotency_claim(
      asked.claim ->> 'key', asked.claim ->> 'owner', asked.claim ->> 'fingerprint',
      (asked.claim ->> 'lease')::double precision, (asked.claim ->> 'retain')::double precision,
      (asked.claim ->> 'takeover')::boolean);
  END LOOP;
  RETURN to_json(answers);
END $$;

-- Wakes those who wait for a key, when the transaction commits. All hear it; they know their keys by the hash.
CREATE FUNCTION seaworthy.idempotency_wake(p_hash bytea) RETURNS void LANGUAGE sql AS
$$ SELECT pg_notify('seaworthy_idempotency', left(encode(p_hash, 'hex'), 32)) $$;

CREATE FUNCTION seaworthy.idempotency_renew(
  p_key text, p_owner text, p_fence bigint, p_lease double precision, p_retain double precision, p_notify boolean
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_hash bytea := sha256(convert_to(p_key, 'UTF8'));
  v_now timestamptz;
  known seaworthy.idempotency;
BEGIN
  SELECT * INTO known FROM seaworthy.idempotency WHERE key_hash = v_hash FOR UPDATE;
  v_now := seaworthy.clock();
  IF known.key_hash IS NULL OR known.expires_at <= v_now THEN
    RETURN 'gone';
  ELSIF known.state <> 'inFlight' OR known.owner <> p_owner OR known.fence <> p_fence THEN
    RETURN 'stale';
  END IF;
  UPDATE seaworthy.idempotency
  SET lease_until = v_now + seaworthy.lasting(p_lease), expires_at = v_now + seaworthy.lasting(p_retain)
  WHERE key_hash = v_hash;
  IF p_notify AND p_lease = 0 THEN
    PERFORM seaworthy.idempotency_wake(v_hash);
  END IF;
  RETURN 'renewed';
END $$;

-- `p_insist`: anything but `stored` is an error, SQLSTATE SW001, after which the transaction around it can only roll back.
CREATE FUNCTION seaworthy.idempotency_complete(
  p_key text, p_owner text, p_fence bigint, p_state text, p_payload text, p_ttl double precision,
  p_notify boolean, p_insist boolean
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_hash bytea := sha256(convert_to(p_key, 'UTF8'));
  v_now timestamptz;
  known seaworthy.idempotency;
  outcome text;
BEGIN
  SELECT * INTO known FROM seaworthy.idempotency WHERE key_hash = v_hash FOR UPDATE;
  v_now := seaworthy.clock();
  outcome := CASE
    WHEN known.key_hash IS NULL OR known.expires_at <= v_now THEN 'gone'
    WHEN known.owner <> p_owner OR known.fence <> p_fence THEN 'stale'
    WHEN known.state <> 'inFlight' THEN 'already'
    ELSE 'stored'
  END;
  IF outcome = 'stored' THEN
    UPDATE seaworthy.idempotency
    SET state = p_state, payload = p_payload, expires_at = v_now + seaworthy.lasting(p_ttl)
    WHERE key_hash = v_hash;
    IF p_notify THEN
      PERFORM seaworthy.idempotency_wake(v_hash);
    END IF;
  ELSIF p_insist THEN
    RAISE EXCEPTION 'this transaction must not commit: its grant is %', outcome
      USING ERRCODE = 'SW001', DETAIL = outcome;
  END IF;
  RETURN outcome;
END $$;

CREATE FUNCTION seaworthy.idempotency_forget(p_key text, p_fence bigint, p_notify boolean)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_hash bytea := sha256(convert_to(p_key, 'UTF8'));
  known seaworthy.idempotency;
BEGIN
  SELECT * INTO known FROM seaworthy.idempotency WHERE key_hash = v_hash FOR UPDATE;
  IF known.key_hash IS NULL OR known.expires_at <= seaworthy.clock() THEN
    RETURN 'gone';
  ELSIF p_fence IS NOT NULL AND known.fence <> p_fence THEN
    RETURN 'stale';
  END IF;
  DELETE FROM seaworthy.idempotency WHERE key_hash = v_hash;
  IF p_notify THEN
    PERFORM seaworthy.idempotency_wake(v_hash);
  END IF;
  RETURN 'forgotten';
END $$;

CREATE FUNCTION seaworthy.idempotency_peek(p_key text) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
  v_now timestamptz := seaworthy.clock();
  known seaworthy.idempotency;
BEGIN
  SELECT * INTO known FROM seaworthy.idempotency WHERE key_hash = sha256(convert_to(p_key, 'UTF8'));
  IF known.key_hash IS NULL OR known.expires_at <= v_now THEN
    RETURN NULL;
  END IF;
  RETURN json_build_object(
    'state', CASE WHEN known.state = 'inFlight' AND known.lease_until <= v_now THEN 'abandoned' ELSE known.state END,
    'owner', known.owner,
    'fence', known.fence,
    'attempt', known.attempt,
    'leaseLeft', CASE
      WHEN known.state = 'inFlight' THEN greatest(0, extract(epoch FROM known.lease_until - v_now) * 1000) ELSE 0 END,
    'expiresIn', extract(epoch FROM known.expires_at - v_now) * 1000);
END $$;

-- Takes a grant back that nobody made use of, since its answer came too late or not at all.
CREATE FUNCTION seaworthy.idempotency_give_back(p_key text, p_owner text, p_notify boolean)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_hash bytea := sha256(convert_to(p_key, 'UTF8'));
  v_kind text;
BEGIN
  SELECT grant_kind INTO v_kind FROM seaworthy.idempotency
  WHERE key_hash = v_hash AND owner = p_owner AND state = 'inFlight' FOR UPDATE;
  IF v_kind = 'acquired' THEN
    DELETE FROM seaworthy.idempotency WHERE key_hash = v_hash;
  ELSIF v_kind = 'retried' THEN
    UPDATE seaworthy.idempotency SET state = 'retryable' WHERE key_hash = v_hash;
  ELSIF v_kind = 'recovered' THEN
    -- The run before may have had its effect: the record must go on saying that it was abandoned.
    UPDATE seaworthy.idempotency SET lease_until = seaworthy.clock() WHERE key_hash = v_hash;
  END IF;
  IF p_notify AND v_kind IS NOT NULL THEN
    PERFORM seaworthy.idempotency_wake(v_hash);
  END IF;
END $$;

-- Removes up to `p_limit` expired records. Returns how many.
CREATE FUNCTION seaworthy.idempotency_sweep(p_limit integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  v_now timestamptz := seaworthy.clock();
  swept integer;
BEGIN
  DELETE FROM seaworthy.idempotency WHERE key_hash = ANY (ARRAY(
    SELECT key_hash FROM seaworthy.idempotency WHERE expires_at <= v_now
    ORDER BY expires_at LIMIT p_limit FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS swept = ROW_COUNT;
  RETURN swept;
END $$;

INSERT INTO seaworthy.migrations (version, name) VALUES (1, 'idempotency');

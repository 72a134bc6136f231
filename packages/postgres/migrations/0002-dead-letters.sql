-- Dead letters: after 0001-idempotency.sql, and in the same ways.
--
-- What may happen to a letter is the machine in `machine.ts` of @seaworthy/dead-letter; each step writes its entry of the audit in
-- the same statement. Times are whole milliseconds. `p_audit` says whether there is an audit at all.

CREATE SEQUENCE seaworthy.dead_letter_fences;
-- The nine digits behind the time in an id.
CREATE SEQUENCE seaworthy.dead_letter_ids MINVALUE 0 MAXVALUE 999999999 START 0 CYCLE;

CREATE TABLE seaworthy.dead_letters (
  queue text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL CHECK (state IN ('dead', 'leased', 'replaying', 'replayed', 'resolved', 'discarded')),
  type text COLLATE "C" NOT NULL,
  error_class text COLLATE "C" NOT NULL,
  journey text,
  replays integer NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  died_at timestamptz NOT NULL,
  due timestamptz,
  owner text,
  fence bigint,
  leased_until timestamptz,
  settled_at timestamptz,
  dedupe_hash bytea,
  facts json NOT NULL,   -- failure, failureClass, error (name, message, code), maxRetries, retryCount, taskId, source, firstFailedAt
  details json NOT NULL, -- history, stack, causes
  payload text,
  PRIMARY KEY (queue, id)
);
COMMENT ON TABLE seaworthy.dead_letters IS 'One row for each letter. Change states only through the functions: they audit.';
COMMENT ON COLUMN seaworthy.dead_letters.payload IS 'Message and config as the codec of the queue wrote them; null once the letter is settled.';
CREATE INDEX dead_letters_by_state ON seaworthy.dead_letters (queue, state, id);
-- Hashes, since a type or an error class may be longer than an index entry.
CREATE INDEX dead_letters_by_type ON seaworthy.dead_letters (queue, hashtextextended(type, 0), id) WHERE state = 'dead';
CREATE INDEX dead_letters_by_error ON seaworthy.dead_letters (queue, hashtextextended(error_class, 0), id) WHERE state = 'dead';
CREATE INDEX dead_letters_by_both ON seaworthy.dead_letters
  (queue, hashtextextended(type, 0), hashtextextended(error_class, 0), id) WHERE state = 'dead';
CREATE INDEX dead_letters_due ON seaworthy.dead_letters (queue, due, id) WHERE state = 'dead' AND due IS NOT NULL;
CREATE INDEX dead_letters_leases ON seaworthy.dead_letters (queue, leased_until, id) WHERE leased_until IS NOT NULL;
CREATE INDEX dead_letters_settled ON seaworthy.dead_letters (queue, settled_at, id) WHERE settled_at IS NOT NULL;

-- The letter that was added last with a dedupe key.
CREATE TABLE seaworthy.dead_letter_keys (
  queue text COLLATE "C" NOT NULL,
  key_hash bytea NOT NULL,
  id text COLLATE "C" NOT NULL,
  until timestamptz NOT NULL,
  PRIMARY KEY (queue, key_hash)
);

CREATE TABLE seaworthy.dead_letter_audit (
  queue text COLLATE "C" NOT NULL,
  cursor bigint GENERATED ALWAYS AS IDENTITY,
  at timestamptz NOT NULL,
  id text COLLATE "C" NOT NULL,
  event text NOT NULL,
  from_state text,
  to_state text,
  actor text NOT NULL,
  reason text,
  PRIMARY KEY (queue, cursor)
);
CREATE INDEX dead_letter_audit_by_id ON seaworthy.dead_letter_audit (queue, id, cursor);

-- Who does a job that all processes do in turns, and when it may be done next.
CREATE TABLE seaworthy.dead_letter_turns (
  queue text COLLATE "C" NOT NULL,
  job text COLLATE "C" NOT NULL,
  owner text,
  until timestamptz NOT NULL,
  next_at timestamptz NOT NULL,
  PRIMARY KEY (queue, job)
);

-- How many letters of a queue are not settled, as a sum of changes: nobody waits for a row that everybody would have to update.
CREATE TABLE seaworthy.dead_letter_room (queue text COLLATE "C" NOT NULL, change integer NOT NULL);
CREATE INDEX dead_letter_room_queue ON seaworthy.dead_letter_room (queue) INCLUDE (change);

CREATE FUNCTION seaworthy.dead_letter_room_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO seaworthy.dead_letter_room (queue, change)
  VALUES (CASE TG_OP WHEN 'INSERT' THEN NEW.queue ELSE OLD.queue END, TG_ARGV[0]::integer);
  RETURN NULL;
END $$;
-- Triggers, so that the sum stays true whoever inserts or deletes.
CREATE TRIGGER dead_letter_opened AFTER INSERT ON seaworthy.dead_letters
  FOR EACH ROW WHEN (NEW.state IN ('dead', 'leased', 'replaying'))
  EXECUTE FUNCTION seaworthy.dead_letter_room_changed('1');
CREATE TRIGGER dead_letter_closed AFTER UPDATE OF state ON seaworthy.dead_letters
  FOR EACH ROW WHEN (OLD.settled_at IS NULL AND NEW.settled_at IS NOT NULL)
  EXECUTE FUNCTION seaworthy.dead_letter_room_changed('-1');
CREATE TRIGGER dead_letter_removed AFTER DELETE ON seaworthy.dead_letters
  FOR EACH ROW WHEN (OLD.settled_at IS NULL)
  EXECUTE FUNCTION seaworthy.dead_letter_room_changed('-1');

CREATE FUNCTION seaworthy.dead_letter_room_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM seaworthy.dead_letter_room;
  RETURN NULL;
END $$;
CREATE TRIGGER dead_letters_truncated AFTER TRUNCATE ON seaworthy.dead_letters
  FOR EACH STATEMENT EXECUTE FUNCTION seaworthy.dead_letter_room_emptied();

CREATE FUNCTION seaworthy.now_in_milliseconds() RETURNS timestamptz LANGUAGE sql VOLATILE AS
$$ SELECT date_trunc('milliseconds', seaworthy.clock()) $$;

CREATE FUNCTION seaworthy.milliseconds(p_time timestamptz) RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT (extract(epoch FROM p_time) * 1000)::bigint $$;

CREATE FUNCTION seaworthy.dead_letter_json(letter seaworthy.dead_letters, p_whole boolean, p_payload boolean)
RETURNS json LANGUAGE sql STABLE AS $$
  SELECT json_build_object(
    'id', letter.id, 'state', letter.state, 'type', letter.type, 'errorClass', letter.error_class,
    'journey', letter.journey, 'replays', letter.replays, 'attempts', letter.attempts,
    'diedAt', seaworthy.milliseconds(letter.died_at), 'due', seaworthy.milliseconds(letter.due),
    'owner', letter.owner, 'leasedUntil', seaworthy.milliseconds(letter.leased_until),
    'settledAt', seaworthy.milliseconds(letter.settled_at), 'facts', letter.facts,
    'details', CASE WHEN p_whole THEN letter.details END, 'payload', CASE WHEN p_payload THEN letter.payload END)
$$;

CREATE FUNCTION seaworthy.dead_letter_note(
  p_audit boolean, letter seaworthy.dead_letters, p_at timestamptz, p_event text, p_to text, p_actor text, p_reason text
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF p_audit THEN
    INSERT INTO seaworthy.dead_letter_audit (queue, at, id, event, from_state, to_state, actor, reason)
    VALUES (letter.queue, p_at, letter.id, p_event, CASE p_event WHEN 'added' THEN NULL ELSE letter.state END,
      p_to, p_actor, p_reason);
  END IF;
END $$;

-- Removes letters that are still in one of these states, with their keys, and audits. Returns what is gone.
CREATE FUNCTION seaworthy.dead_letter_remove(
  p_queue text, p_audit boolean, p_ids text[], p_states text[], p_cause text, p_event text, p_at timestamptz, p_actor text
) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
  removed json;
BEGIN
  WITH gone AS (
    DELETE FROM seaworthy.dead_letters WHERE queue = p_queue AND id = ANY (p_ids) AND state = ANY (p_states)
    RETURNING id, type, journey, died_at, state, dedupe_hash
  ), forgotten AS (
    DELETE FROM seaworthy.dead_letter_keys AS keys USING gone
    WHERE keys.queue = p_queue AND keys.key_hash = gone.dedupe_hash AND keys.id = gone.id
  ), noted AS (
    INSERT INTO seaworthy.dead_letter_audit (queue, at, id, event, from_state, actor, reason)
    SELECT p_queue, p_at, id, p_event, state, p_actor, p_cause FROM gone WHERE p_audit ORDER BY id
  )
  SELECT json_agg(json_build_object('id', id, 'type', type, 'journey', journey,
    'diedAt', seaworthy.milliseconds(died_at), 'cause', p_cause) ORDER BY id) INTO removed FROM gone;
  RETURN coalesce(removed, '[]');
END $$;

-- Folds the changes of a queue into one, unless somebody else is at it.
CREATE FUNCTION seaworthy.dead_letter_fold_room(p_queue text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  total integer;
BEGIN
  IF pg_try_advisory_xact_lock(hashtextextended('seaworthy dead letter room ' || p_queue, 0)) THEN
    WITH gone AS (DELETE FROM seaworthy.dead_letter_room WHERE queue = p_queue RETURNING change)
    SELECT sum(change) INTO total FROM gone;
    IF total <> 0 THEN
      INSERT INTO seaworthy.dead_letter_room (queue, change) VALUES (p_queue, total);
    END IF;
  END IF;
END $$;

-- How many letters must go so that another fits; 0 or less if there is room. Near the limit, those who add do so one after another.
CREATE FUNCTION seaworthy.dead_letter_surplus(p_queue text, p_max_count bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  changes bigint;
  surplus bigint;
BEGIN
  SELECT count(*), coalesce(sum(change), 0) + 1 - p_max_count INTO changes, surplus
  FROM seaworthy.dead_letter_room WHERE queue = p_queue;
  -- What was changed since a transaction of more than READ COMMITTED began, it could not delete.
  IF changes > 500 AND current_setting('transaction_isolation') = 'read committed' THEN
    PERFORM seaworthy.dead_letter_fold_room(p_queue);
  END IF;
  IF surplus > -1000 THEN
    PERFORM pg_advisory_xact_lock(hashtextextended('seaworthy dead letters ' || p_queue, 0));
    SELECT coalesce(sum(change), 0) + 1 - p_max_count INTO surplus FROM seaworthy.dead_letter_room WHERE queue = p_queue;
  END IF;
  RETURN surplus;
END $$;

CREATE FUNCTION seaworthy.dead_letter_add(
  p_queue text, p_audit boolean, p_max_count bigint, p_drop_oldest boolean, p_token text, p_payload text, p_type text,
  p_error_class text, p_journey text, p_replays integer, p_facts text, p_details text, p_due_in double precision,
  p_dedupe_key text, p_dedupe_for double precision, p_actor text
) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
  v_hash bytea := sha256(convert_to(p_dedupe_key, 'UTF8'));
  v_now timestamptz;
  v_id text;
  keyed seaworthy.dead_letter_keys;
  known seaworthy.dead_letters;
  surplus bigint;
  oldest text[] := '{}';
  dropped json := '[]';
BEGIN
  LOOP
    IF v_hash IS NOT NULL THEN
      SELECT * INTO keyed FROM seaworthy.dead_letter_keys WHERE queue = p_queue AND key_hash = v_hash FOR UPDATE;
      v_now := seaworthy.now_in_milliseconds();
      IF keyed.until > v_now THEN
        SELECT * INTO known FROM seaworthy.dead_letters
        WHERE queue = p_queue AND id = keyed.id AND state IN ('dead', 'leased');
        IF FOUND THEN
          PERFORM seaworthy.dead_letter_note(p_audit, known, v_now, 'duplicate', known.state, p_actor, NULL);
          RETURN json_build_object('outcome', 'duplicate', 'id', known.id, 'now', seaworthy.milliseconds(v_now));
        END IF;
      END IF;
    END IF;

    surplus := seaworthy.dead_letter_surplus(p_queue, p_max_count);
    IF surplus > 0 THEN
      IF p_drop_oldest THEN
        oldest := ARRAY(
          SELECT id FROM seaworthy.dead_letters WHERE queue = p_queue AND state = 'dead'
          ORDER BY id LIMIT surplus FOR UPDATE SKIP LOCKED);
      END IF;
      IF cardinality(oldest) < surplus THEN
        RETURN json_build_object('outcome', 'full', 'now', seaworthy.milliseconds(seaworthy.clock()));
      END IF;
    END IF;

    v_now := seaworthy.now_in_milliseconds();
    v_id := lpad(seaworthy.milliseconds(v_now)::text, 13, '0')
      || lpad(nextval('seaworthy.dead_letter_ids')::text, 9, '0') || '-' || p_token;
    EXIT WHEN v_hash IS NULL;
    IF keyed.id IS NOT NULL THEN
      UPDATE seaworthy.dead_letter_keys SET id = v_id, until = v_now + seaworthy.lasting(p_dedupe_for)
      WHERE queue = p_queue AND key_hash = v_hash;
      EXIT;
    END IF;
    INSERT INTO seaworthy.dead_letter_keys VALUES (p_queue, v_hash, v_id, v_now + seaworthy.lasting(p_dedupe_for))
    ON CONFLICT DO NOTHING;
    -- If another came first with this key, its letter counts.
    EXIT WHEN FOUND;
  END LOOP;

  IF cardinality(oldest) > 0 THEN
    dropped := seaworthy.dead_letter_remove(p_queue, p_audit, oldest, '{dead}', 'overflow', 'dropped', v_now, 'overflow');
  END IF;
  INSERT INTO seaworthy.dead_letters AS letter (
    queue, id, state, type, error_class, journey, replays, died_at, due, dedupe_hash, facts, details, payload
  ) VALUES (
    p_queue, v_id, 'dead', p_type, p_error_class, p_journey, p_replays, v_now, v_now + seaworthy.lasting(p_due_in), v_hash,
    p_facts::json, p_details::json, p_payload
  ) RETURNING letter.* INTO known;
  PERFORM seaworthy.dead_letter_note(p_audit, known, v_now, 'added', 'dead', p_actor, NULL);
  RETURN json_build_object('outcome', 'added', 'id', v_id, 'now', seaworthy.milliseconds(v_now), 'dropped', dropped);
END $$;

CREATE FUNCTION seaworthy.dead_letter_lookup(p_queue text, p_dedupe_key text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT letter.id FROM seaworthy.dead_letter_keys AS keys
  JOIN seaworthy.dead_letters AS letter ON letter.queue = keys.queue AND letter.id = keys.id
  WHERE keys.queue = p_queue AND keys.key_hash = sha256(convert_to(p_dedupe_key, 'UTF8'))
$$;

-- With `p_actor`: with its payload, and audited.
CREATE FUNCTION seaworthy.dead_letter_get(p_queue text, p_audit boolean, p_id text, p_actor text, p_reason text)
RETURNS json LANGUAGE plpgsql AS $$
DECLARE
  known seaworthy.dead_letters;
BEGIN
  SELECT * INTO known FROM seaworthy.dead_letters WHERE queue = p_queue AND id = p_id;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  IF p_actor IS NOT NULL THEN
    PERFORM seaworthy.dead_letter_note(
      p_audit, known, seaworthy.now_in_milliseconds(), 'viewed', known.state, p_actor, p_reason);
  END IF;
  RETURN seaworthy.dead_letter_json(known, true, p_actor IS NOT NULL);
END $$;

-- A condition that an index can serve: each combination has a plan of its own.
CREATE FUNCTION seaworthy.dead_letter_filter(p_type text, p_error_class text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN p_type IS NULL THEN ''
      ELSE format(' AND hashtextextended(type, 0) = %s AND type = %L', hashtextextended(p_type, 0), p_type) END
    || CASE WHEN p_error_class IS NULL THEN ''
      ELSE format(' AND hashtextextended(error_class, 0) = %s AND error_class = %L',
        hashtextextended(p_error_class, 0), p_error_class) END
$$;

CREATE FUNCTION seaworthy.dead_letter_list(
  p_queue text, p_state text, p_newest boolean, p_cursor text, p_limit integer, p_type text, p_error_class text
) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
  v_now timestamptz := seaworthy.now_in_milliseconds();
  items json[];
  ids text[];
BEGIN
  EXECUTE format(
    'SELECT array_agg(item), array_agg(id) FROM (
       SELECT id, seaworthy.dead_letter_json(letter, false, false) AS item FROM seaworthy.dead_letters AS letter
       WHERE queue = $1 AND state = %L%s%s ORDER BY id %s LIMIT $2 + 1
     ) AS page',
    p_state, seaworthy.dead_letter_filter(p_type, p_error_class),
    CASE WHEN p_cursor IS NULL THEN '' WHEN p_newest THEN format(' AND id < %L', p_cursor)
      ELSE format(' AND id > %L', p_cursor) END,
    CASE WHEN p_newest THEN 'DESC' ELSE 'ASC' END)
  USING p_queue, p_limit INTO items, ids;
  RETURN json_build_object(
    'items', to_json(coalesce(items[1:p_limit], '{}')),
    'next', CASE WHEN cardinality(ids) > p_limit THEN ids[p_limit] END,
    'now', seaworthy.milliseconds(v_now));
END $$;

CREATE FUNCTION seaworthy.dead_letter_groups(p_queue text, p_limit integer) RETURNS json LANGUAGE sql STABLE AS $$
  SELECT coalesce(json_agg(json_build_object('type', type, 'errorClass', error_class, 'count', letters,
    'oldest', seaworthy.milliseconds(oldest), 'newest', seaworthy.milliseconds(newest)) ORDER BY letters DESC), '[]'::json)
  FROM (
    SELECT type, error_class, count(*) AS letters, min(died_at) AS oldest, max(died_at) AS newest
    FROM seaworthy.dead_letters WHERE queue = p_queue AND state = 'dead'
    GROUP BY type, error_class ORDER BY count(*) DESC LIMIT p_limit
  ) AS groups
$$;

CREATE FUNCTION seaworthy.dead_letter_counts(p_queue text) RETURNS json LANGUAGE sql AS $$
  SELECT json_build_object(
    'states', coalesce(json_object_agg(state, letters), '{}'::json),
    'oldest', (
      SELECT seaworthy.milliseconds(died_at) FROM seaworthy.dead_letters
      WHERE queue = p_queue AND state = 'dead' ORDER BY id LIMIT 1),
    'now', seaworthy.milliseconds(seaworthy.now_in_milliseconds()))
  FROM (
    SELECT state, count(*) AS letters FROM seaworthy.dead_letters WHERE queue = p_queue GROUP BY state
  ) AS counted
$$;

CREATE FUNCTION seaworthy.dead_letter_retry(
  p_queue text, p_audit boolean, p_id text, p_owner text, p_lease_for double precision, p_actor text, p_reason text,
  p_payload text
) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
  v_now timestamptz;
  known seaworthy.dead_letters;
BEGIN
  SELECT * INTO known FROM seaworthy.dead_letters WHERE queue = p_queue AND id = p_id FOR UPDATE;
  IF NOT FOUND THEN
    RETURN json_build_object('outcome', 'missing');
  END IF;
  v_now := seaworthy.now_in_milliseconds();
  IF known.settled_at IS NOT NULL OR (known.state = 'replaying' AND known.leased_until > v_now) THEN
    RETURN json_build_object('outcome', 'already', 'state', known.state, 'replays', known.replays);
  ELSIF known.leased_until > v_now THEN
    RETURN json_build_object('outcome', 'leased',
      'leaseLeft', seaworthy.milliseconds(known.leased_until) - seaworthy.milliseconds(v_now));
  END IF;
  PERFORM seaworthy.dead_letter_note(p_audit, known, v_now,
    CASE known.state WHEN 'replaying' THEN 'takenOver' ELSE 'replaying' END, 'replaying', p_actor, p_reason);
  UPDATE seaworthy.dead_letters AS letter SET
    state = 'replaying', owner = p_owner, fence = nextval('seaworthy.dead_letter_fences'),
    leased_until = v_now + seaworthy.lasting(p_lease_for), payload = coalesce(p_payload, letter.payload)
  WHERE queue = p_queue AND id = p_id RETURNING letter.* INTO known;
  RETURN json_build_object('outcome', 'replaying', 'fence', known.fence,
    'letter', seaworthy.dead_letter_json(known, true, true));
END $$;

-- Ends a letter for good: the payload goes, the rest stays to be trimmed.
CREATE FUNCTION seaworthy.dead_letter_finish(
  p_audit boolean, known seaworthy.dead_letters, p_state text, p_fence bigint, p_at timestamptz, p_actor text, p_reason text
) RETURNS seaworthy.dead_letters LANGUAGE plpgsql AS $$
DECLARE
  ended seaworthy.dead_letters;
BEGIN
  PERFORM seaworthy.dead_letter_note(p_audit, known, p_at, p_state, p_state, p_actor, p_reason);
  UPDATE seaworthy.dead_letters AS letter SET
    state = p_state, fence = p_fence, settled_at = p_at, payload = NULL, due = NULL, owner = NULL, leased_until = NULL
  WHERE queue = known.queue AND id = known.id RETURNING letter.* INTO ended;
  RETURN ended;
END $$;

CREATE FUNCTION seaworthy.dead_letter_discard(p_queue text, p_audit boolean, p_id text, p_actor text, p_reason text)
RETURNS json LANGUAGE plpgsql AS $$
DECLARE
  v_now timestamptz;
  known seaworthy.dead_letters;
BEGIN
  SELECT * INTO known FROM seaworthy.dead_letters WHERE queue = p_queue AND id = p_id FOR UPDATE;
  IF NOT FOUND THEN
    RETURN json_build_object('outcome', 'missing');
  END IF;
  v_now := seaworthy.now_in_milliseconds();
  IF known.settled_at IS NOT NULL THEN
    RETURN json_build_object('outcome', 'already', 'state', known.state);
  ELSIF known.state = 'replaying' OR known.leased_until > v_now THEN
    RETURN json_build_object('outcome', 'leased',
      'leaseLeft', greatest(0, seaworthy.milliseconds(known.leased_until) - seaworthy.milliseconds(v_now)));
  END IF;
  known := seaworthy.dead_letter_finish(p_audit, known, 'discarded', NULL, v_now, p_actor, p_reason);
  RETURN json_build_object('outcome', 'discarded', 'letter', seaworthy.dead_letter_json(known, false, false),
    'now', seaworthy.milliseconds(v_now));
END $$;

CREATE FUNCTION seaworthy.dead_letter_claim(
  p_queue text, p_audit boolean, p_limit integer, p_lease_for double precision, p_owner text, p_due_only boolean,
  p_type text, p_error_class text
) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
  v_now timestamptz := seaworthy.now_in_milliseconds();
  v_fence bigint;
  v_filter text := seaworthy.dead_letter_filter(p_type, p_error_class);
  lapsed text[];
  ids text[];
  letters json;
BEGIN
  -- Whoever else claims at this moment takes other letters: nobody waits.
  EXECUTE format(
    'SELECT ARRAY(SELECT id FROM seaworthy.dead_letters WHERE queue = $1 AND leased_until <= $2%s
     ORDER BY leased_until, id LIMIT $3 FOR UPDATE SKIP LOCKED)', v_filter)
  USING p_queue, v_now, p_limit INTO lapsed;
  EXECUTE format(
    'SELECT ARRAY(SELECT id FROM seaworthy.dead_letters WHERE queue = $1 AND state = ''dead''%s%s
     ORDER BY %s LIMIT $3 FOR UPDATE SKIP LOCKED)',
    CASE WHEN p_due_only THEN ' AND due <= $2' ELSE '' END, v_filter, CASE WHEN p_due_only THEN 'due, id' ELSE 'id' END)
  USING p_queue, v_now, p_limit - cardinality(lapsed) INTO ids;
  ids := lapsed || ids;
  -- Only now: a fence from before the locks may be smaller than one that a letter has had since.
  v_fence := nextval('seaworthy.dead_letter_fences');

  IF p_audit THEN
    INSERT INTO seaworthy.dead_letter_audit (queue, at, id, event, from_state, to_state, actor)
    SELECT p_queue, v_now, id, CASE state WHEN 'dead' THEN 'claimed' ELSE 'takenOver' END, state,
      CASE state WHEN 'replaying' THEN state ELSE 'leased' END, p_owner
    FROM unnest(ids) WITH ORDINALITY AS taken (id, place) JOIN seaworthy.dead_letters USING (id)
    WHERE queue = p_queue ORDER BY place;
  END IF;
  -- What is being replayed must be finished under its replay id, whoever does it.
  WITH claimed AS (
    UPDATE seaworthy.dead_letters AS letter SET
      state = CASE state WHEN 'replaying' THEN state ELSE 'leased' END,
      owner = p_owner, fence = v_fence, leased_until = v_now + seaworthy.lasting(p_lease_for)
    WHERE queue = p_queue AND id = ANY (ids) RETURNING letter
  ) SELECT json_agg(seaworthy.dead_letter_json(letter, true, true) ORDER BY array_position(ids, (letter).id))
  INTO letters FROM claimed;
  RETURN json_build_object('fence', v_fence, 'letters', coalesce(letters, '[]'::json),
    'now', seaworthy.milliseconds(v_now));
END $$;

CREATE FUNCTION seaworthy.dead_letter_renew(p_queue text, p_ids text[], p_fence bigint, p_lease_for double precision)
RETURNS json LANGUAGE plpgsql AS $$
DECLARE
  v_until timestamptz;
  held text[];
BEGIN
  -- In one order, so that two who renew cannot wait for each other.
  held := ARRAY(
    SELECT id FROM seaworthy.dead_letters
    WHERE queue = p_queue AND id = ANY (p_ids) AND fence = p_fence AND state IN ('leased', 'replaying')
    ORDER BY id FOR UPDATE);
  v_until := seaworthy.now_in_milliseconds() + seaworthy.lasting(p_lease_for);
  UPDATE seaworthy.dead_letters SET leased_until = v_until
  WHERE queue = p_queue AND id = ANY (held) AND leased_until < v_until;
  RETURN to_json(held);
END $$;

CREATE FUNCTION seaworthy.dead_letter_settle(
  p_queue text, p_audit boolean, p_id text, p_fence bigint, p_outcome text, p_due_in double precision, p_actor text,
  p_reason text
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_now timestamptz;
  known seaworthy.dead_letters;
BEGIN
  SELECT * INTO known FROM seaworthy.dead_letters WHERE queue = p_queue AND id = p_id FOR UPDATE;
  IF NOT FOUND THEN
    RETURN 'missing';
  END IF;
  v_now := seaworthy.now_in_milliseconds();
  IF known.fence IS DISTINCT FROM p_fence THEN
    RETURN 'stale';
  ELSIF known.settled_at IS NOT NULL THEN
    -- Sent again, since its answer was lost.
    RETURN CASE WHEN known.state = p_outcome THEN 'done' ELSE 'stale' END;
  ELSIF known.state = 'replaying' AND p_outcome = 'replay' THEN
    RETURN 'done';
  ELSIF known.state = 'replaying' AND p_outcome = 'replayed'
      OR known.state = 'leased' AND p_outcome IN ('resolved', 'discarded') THEN
    PERFORM seaworthy.dead_letter_finish(p_audit, known, p_outcome, p_fence, v_now, p_actor, p_reason);
  ELSIF known.state = 'leased' AND p_outcome = 'replay' THEN
    PERFORM seaworthy.dead_letter_note(p_audit, known, v_now, 'replaying', 'replaying', p_actor, p_reason);
    UPDATE seaworthy.dead_letters SET state = 'replaying' WHERE queue = p_queue AND id = p_id;
  ELSIF known.state = 'replaying' AND p_outcome = 'failed' OR known.state = 'leased' AND p_outcome = 'returned' THEN
    PERFORM seaworthy.dead_letter_note(p_audit, known, v_now,
      CASE p_outcome WHEN 'failed' THEN 'replayFailed' ELSE 'returned' END, 'dead', p_actor, p_reason);
    UPDATE seaworthy.dead_letters SET
      state = 'dead', owner = NULL, fence = NULL, leased_until = NULL, due = v_now + seaworthy.lasting(p_due_in),
      attempts = attempts + CASE p_outcome WHEN 'failed' THEN 1 ELSE 0 END
    WHERE queue = p_queue AND id = p_id;
  ELSE
    RETURN 'stale';
  END IF;
  RETURN 'done';
END $$;

-- Gives back what lapsed, then removes what is too old or too much, and old entries of the audit; `p_batch` of each at most.
CREATE FUNCTION seaworthy.dead_letter_trim(
  p_queue text, p_audit_limit bigint, p_older_than double precision, p_keep bigint, p_settled_before double precision,
  p_keep_settled bigint, p_batch integer, p_actor text
) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
  v_audit boolean := p_audit_limit > 0;
  v_now timestamptz;
  room integer := p_batch;
  lapsed text[];
  ids text[];
  kept bigint;
  forgotten integer := 0;
  removed json[] := '{}';
BEGIN
  -- Two at once would both remove what is too much.
  PERFORM pg_advisory_xact_lock(hashtextextended('seaworthy dead letter trim ' || p_queue, 0));
  v_now := seaworthy.now_in_milliseconds();

  lapsed := ARRAY(
    SELECT id FROM seaworthy.dead_letters WHERE queue = p_queue AND leased_until <= v_now AND state = 'leased'
    ORDER BY leased_until, id LIMIT room FOR UPDATE SKIP LOCKED);
  IF v_audit THEN
    INSERT INTO seaworthy.dead_letter_audit (queue, at, id, event, from_state, to_state, actor)
    SELECT p_queue, v_now, id, 'lapsed', 'leased', 'dead', p_actor FROM unnest(lapsed) AS id;
  END IF;
  UPDATE seaworthy.dead_letters SET state = 'dead', owner = NULL, fence = NULL, leased_until = NULL
  WHERE queue = p_queue AND id = ANY (lapsed);
  room := room - cardinality(lapsed);

  -- By age the id does: it begins with the time of death.
  IF p_older_than IS NOT NULL THEN
    ids := ARRAY(
      SELECT id FROM seaworthy.dead_letters WHERE queue = p_queue AND state = 'dead' AND id < lpad(
        (seaworthy.milliseconds(v_now) - floor(p_older_than)::bigint + 1)::text, 13, '0')
      ORDER BY id LIMIT room);
    removed := removed || seaworthy.dead_letter_remove(p_queue, v_audit, ids, '{dead}', 'age', 'expired', v_now, p_actor);
    room := room - cardinality(ids);
  END IF;
  -- Which ones is decided before they are locked: one that is taken meanwhile is not replaced by a younger one.
  IF p_keep IS NOT NULL AND room > 0 THEN
    -- What is open and nobody holds is dead.
    SELECT coalesce(sum(change), 0) INTO kept FROM seaworthy.dead_letter_room WHERE queue = p_queue;
    kept := kept - (
      SELECT count(*) FROM seaworthy.dead_letters WHERE queue = p_queue AND leased_until IS NOT NULL);
    ids := ARRAY(
      SELECT id FROM seaworthy.dead_letters WHERE queue = p_queue AND state = 'dead'
      ORDER BY id LIMIT least(room, greatest(0, kept - p_keep)));
    removed := removed || seaworthy.dead_letter_remove(p_queue, v_audit, ids, '{dead}', 'count', 'expired', v_now, p_actor);
    room := room - cardinality(ids);
  END IF;
  IF room > 0 THEN
    SELECT count(*) INTO kept FROM seaworthy.dead_letters WHERE queue = p_queue AND settled_at IS NOT NULL;
    ids := ARRAY(
      SELECT id FROM (
        SELECT id, settled_at, row_number() OVER (ORDER BY settled_at, id) AS place
        FROM seaworthy.dead_letters WHERE queue = p_queue AND settled_at IS NOT NULL
        ORDER BY settled_at, id LIMIT room
      ) AS oldest
      WHERE place <= kept - p_keep_settled OR settled_at <= v_now - seaworthy.lasting(p_settled_before)
      ORDER BY place);
    removed := removed || seaworthy.dead_letter_remove(
      p_queue, v_audit, ids, '{replayed,resolved,discarded}', 'settled', 'expired', v_now, p_actor);
    room := room - cardinality(ids);
  END IF;

  IF v_audit THEN
    DELETE FROM seaworthy.dead_letter_audit WHERE queue = p_queue AND cursor IN (
      SELECT cursor FROM seaworthy.dead_letter_audit WHERE queue = p_queue AND cursor <= (
        SELECT cursor FROM seaworthy.dead_letter_audit WHERE queue = p_queue
        ORDER BY cursor DESC OFFSET p_audit_limit LIMIT 1)
      ORDER BY cursor LIMIT p_batch);
    GET DIAGNOSTICS forgotten = ROW_COUNT;
  END IF;
  IF current_setting('transaction_isolation') = 'read committed' THEN
    PERFORM seaworthy.dead_letter_fold_room(p_queue);
  END IF;
  RETURN json_build_object('removed', to_json(removed), 'lapsed', cardinality(lapsed),
    'more', room <= 0 OR forgotten >= p_batch, 'now', seaworthy.milliseconds(v_now));
END $$;

CREATE FUNCTION seaworthy.dead_letter_audit_page(p_queue text, p_id text, p_cursor bigint, p_limit integer)
RETURNS json LANGUAGE plpgsql AS $$
DECLARE
  entries json[];
BEGIN
  IF p_id IS NULL THEN
    entries := ARRAY(
      SELECT seaworthy.dead_letter_audit_json(entry) FROM seaworthy.dead_letter_audit AS entry
      WHERE queue = p_queue AND cursor > p_cursor ORDER BY cursor LIMIT p_limit + 1);
  ELSE
    entries := ARRAY(
      SELECT seaworthy.dead_letter_audit_json(entry) FROM seaworthy.dead_letter_audit AS entry
      WHERE queue = p_queue AND id = p_id AND cursor > p_cursor ORDER BY cursor LIMIT p_limit + 1);
  END IF;
  RETURN json_build_object('entries', to_json(entries[1:p_limit]), 'more', cardinality(entries) > p_limit);
END $$;

CREATE FUNCTION seaworthy.dead_letter_audit_json(entry seaworthy.dead_letter_audit) RETURNS json LANGUAGE sql STABLE AS $$
  SELECT json_build_object('cursor', entry.cursor::text, 'at', seaworthy.milliseconds(entry.at), 'id', entry.id,
    'event', entry.event, 'from', entry.from_state, 'to', entry.to_state, 'actor', entry.actor, 'reason', entry.reason)
$$;

-- 0 if the turn is granted, else how many milliseconds later to ask again.
CREATE FUNCTION seaworthy.dead_letter_begin_turn(
  p_queue text, p_job text, p_owner text, p_lease_for double precision, p_early boolean
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_now timestamptz;
  turn seaworthy.dead_letter_turns;
BEGIN
  INSERT INTO seaworthy.dead_letter_turns (queue, job, until, next_at)
  VALUES (p_queue, p_job, '-infinity', '-infinity') ON CONFLICT DO NOTHING;
  SELECT * INTO turn FROM seaworthy.dead_letter_turns WHERE queue = p_queue AND job = p_job FOR UPDATE;
  v_now := seaworthy.now_in_milliseconds();
  IF turn.owner IS NOT NULL AND turn.until > v_now THEN
    IF turn.owner <> p_owner THEN
      RETURN seaworthy.milliseconds(turn.until) - seaworthy.milliseconds(v_now);
    END IF;
  ELSIF turn.next_at > v_now AND NOT p_early THEN
    RETURN seaworthy.milliseconds(turn.next_at) - seaworthy.milliseconds(v_now);
  END IF;
  UPDATE seaworthy.dead_letter_turns SET owner = p_owner, until = v_now + seaworthy.lasting(p_lease_for)
  WHERE queue = p_queue AND job = p_job;
  RETURN 0;
END $$;

CREATE FUNCTION seaworthy.dead_letter_end_turn(p_queue text, p_job text, p_owner text, p_next_in double precision)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_now timestamptz;
BEGIN
  PERFORM FROM seaworthy.dead_letter_turns WHERE queue = p_queue AND job = p_job AND owner = p_owner FOR UPDATE;
  v_now := seaworthy.now_in_milliseconds();
  UPDATE seaworthy.dead_letter_turns SET owner = NULL, until = v_now, next_at = v_now + seaworthy.lasting(p_next_in)
  WHERE queue = p_queue AND job = p_job AND owner = p_owner;
END $$;

INSERT INTO seaworthy.migrations (version, name) VALUES (2, 'dead letters');

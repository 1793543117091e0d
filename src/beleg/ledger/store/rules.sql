-- The rules that hold whatever connects as the service's role, raw SQL included. Run anew by every migration.
-- A rule that is broken raises SQLSTATE BL0xx with the rule's name as the constraint.
-- Plans are made once, mostly while tables are empty, when it looks cheap to read all of them. So what is looked up for a row that
-- is added stands in a sub-query of its own, by count or behind OFFSET 0, which can only be a look at an index.

-- The head of the log is the one lock that every writer takes: who holds it sees all that was written before.
CREATE OR REPLACE FUNCTION beleg_log.take_head() RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS
$$ SELECT size FROM beleg_log.head FOR UPDATE $$;

CREATE OR REPLACE FUNCTION beleg_log.broken(rule text, why text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'BL001', CONSTRAINT = rule, MESSAGE = why;
END $$;

-- append_only: nothing that was written is changed or taken away, whoever asks. The one exception is an erasure, by the owner and on record.
CREATE OR REPLACE FUNCTION beleg_log.append_only() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND TG_TABLE_SCHEMA = 'beleg_rows' AND current_setting('beleg.erasing', true) = 'on' THEN
    RETURN NULL;
  END IF;
  PERFORM beleg_log.broken('append_only', format('%s: facts and log entries are never changed; append a correcting fact', TG_TABLE_NAME));
  RETURN NULL;
END $$;

-- log_order: entries come one behind the other, and the head counts them.
CREATE OR REPLACE FUNCTION beleg_log.log_order() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE first bigint; last bigint; many bigint; next bigint;
BEGIN
  SELECT min(place), max(place), count(*) INTO first, last, many FROM added;
  IF many = 0 THEN RETURN NULL; END IF;
  next := beleg_log.take_head();
  IF first <> next OR last - first + 1 <> many THEN
    PERFORM beleg_log.broken('log_order', format('the log has %s entries; got the places %s to %s for %s more', next, first, last, many));
  END IF;
  UPDATE beleg_log.head SET size = last + 1;
  RETURN NULL;
END $$;

-- logged: a fact has its own entry in the log.
CREATE OR REPLACE FUNCTION beleg_log.logged() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF EXISTS (
    SELECT FROM added a LEFT JOIN LATERAL (
      SELECT n.relation, n.fact_id FROM beleg_log.entries n WHERE n.place = a.place OFFSET 0
    ) e ON true
    WHERE e.relation IS DISTINCT FROM TG_TABLE_NAME OR e.fact_id IS DISTINCT FROM a.id OR a.salt IS NULL
  ) THEN
    PERFORM beleg_log.broken('logged', format('%s: a fact came without its own entry in the log', TG_TABLE_NAME));
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION beleg_log.now_micros() RETURNS bigint
LANGUAGE sql VOLATILE SET search_path = pg_catalog AS
$$ SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint $$;

-- What has left or is set aside for these orders: refunds that did not fail, reservations that are open, replacements, lost disputes.
CREATE OR REPLACE FUNCTION beleg_log.spent(orders text[])
RETURNS TABLE (order_id text, line_id text, slice_id text, amount bigint, currency text)
LANGUAGE sql STABLE AS $$  -- without settings of its own, so that it is planned as a part of what asks it
  WITH refunds AS (
    SELECT r.order_id, r.refund_id, max(r.line_id) AS line_id, max(coalesce(r.rma_id, r.claim_id, r.refund_id)) AS thread,
           max(r.amount) FILTER (WHERE r.status <> 'failed') AS amount, max(r.currency) AS currency, bool_or(r.status = 'settled') AS settled
    FROM beleg_rows.refunds r WHERE r.order_id = ANY (orders)
    GROUP BY r.order_id, r.refund_id
    HAVING bool_or(r.status = 'settled') OR NOT bool_or(r.status = 'failed')
  ), open AS (
    SELECT v.* FROM beleg_rows.reservations v
    WHERE v.order_id = ANY (orders)
      AND NOT EXISTS (SELECT FROM beleg_rows.reservation_ends e WHERE e.reservation_id = v.id)
      AND NOT EXISTS (SELECT FROM refunds f WHERE f.settled AND f.order_id = v.order_id AND f.refund_id = v.refund_id)
  ), disputes AS (
    SELECT DISTINCT ON (d.dispute_id) d.order_id, d.line_id, d.dispute_id, d.amount, d.currency, d.status
    FROM beleg_rows.disputes d WHERE d.order_id = ANY (orders)
    ORDER BY d.dispute_id, coalesce(d.occurred_at, 0) DESC, d.id DESC
  ), goods AS (
    SELECT g.order_id, g.line_id, coalesce(g.value, (l.paid * g.quantity) / greatest(l.quantity, 1)) AS amount,
           coalesce(g.currency, l.currency) AS currency
    FROM beleg_rows.replacements g
    LEFT JOIN beleg_rows.order_lines l ON l.order_id = g.order_id AND l.line_id = g.line_id
    WHERE g.order_id = ANY (orders)
  )
  SELECT f.order_id, f.line_id, f.order_id || '/' || coalesce(f.line_id, '') || '/' || f.thread, f.amount, f.currency FROM refunds f
    WHERE NOT EXISTS (SELECT FROM open o WHERE o.order_id = f.order_id AND o.refund_id = f.refund_id)
  UNION ALL SELECT o.order_id, o.line_id, o.slice_id, o.amount, o.currency FROM open o
  UNION ALL SELECT d.order_id, d.line_id, NULL, d.amount, d.currency FROM disputes d WHERE d.status = 'lost'
  UNION ALL SELECT g.order_id, g.line_id, NULL, g.amount, g.currency FROM goods g WHERE g.amount IS NOT NULL
$$;

-- never_more_than_paid: for the order, for the line, for the slice's share of its line.
CREATE OR REPLACE FUNCTION beleg_log.never_more_than_paid() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE over record; asked text[];
BEGIN
  -- one writer at a time: the statements below see every reservation that was written before
  PERFORM beleg_log.take_head();
  -- nearly always: nothing else has left or is set aside of the order, its line is on record once, and each alone has room
  IF NOT EXISTS (
    SELECT FROM added a WHERE
      (SELECT count(*) FILTER (WHERE o.paid >= a.amount) > 0 AND bool_and(o.currency = a.currency)
       FROM beleg_rows.orders o WHERE o.order_id = a.order_id) IS NOT TRUE
      OR (SELECT count(*) FROM beleg_rows.reservations v WHERE v.order_id = a.order_id) > 1
      OR (SELECT count(*) FROM beleg_rows.refunds f WHERE f.order_id = a.order_id) > 0
      OR (SELECT count(*) FROM beleg_rows.disputes d WHERE d.order_id = a.order_id) > 0
      OR (SELECT count(*) FROM beleg_rows.replacements g WHERE g.order_id = a.order_id) > 0
      OR (a.line_id IS NOT NULL AND (
        SELECT count(*) = 1 AND bool_and(l.paid >= a.amount AND (a.quantity IS NULL
          OR ceil(l.paid::numeric * least(a.quantity, l.quantity) / greatest(l.quantity, 1)) >= a.amount))
        FROM beleg_rows.order_lines l WHERE l.order_id = a.order_id AND l.line_id = a.line_id) IS NOT TRUE)
  ) THEN
    RETURN NULL;
  END IF;
  SELECT array_agg(DISTINCT order_id) INTO asked FROM added;
  SELECT a.id INTO over FROM added a
    WHERE a.refund_id IS NOT NULL AND (
      (SELECT count(*) FROM beleg_rows.refunds f
       WHERE f.order_id = a.order_id AND f.refund_id = a.refund_id AND f.status <> 'failed') > 0
      OR (
        SELECT count(*) FROM beleg_rows.reservations v WHERE v.order_id = a.order_id AND v.refund_id = a.refund_id AND v.id <> a.id
        AND (SELECT count(*) FROM beleg_rows.reservation_ends e WHERE e.reservation_id = v.id) = 0) > 0)
    LIMIT 1;
  IF FOUND THEN
    PERFORM beleg_log.broken('never_more_than_paid', format('reservation %s: this refund is paid, or set aside, already', over.id));
  END IF;
  WITH spent AS MATERIALIZED (SELECT * FROM beleg_log.spent(asked)),
  lines AS (
    SELECT l.order_id, l.line_id, max(l.paid) AS paid, max(l.quantity) AS quantity, max(l.currency) AS currency
    FROM beleg_rows.order_lines l WHERE l.order_id = ANY (asked) GROUP BY l.order_id, l.line_id
  ), goods AS (SELECT order_id, sum(paid) AS paid, max(currency) AS currency FROM lines GROUP BY order_id),
  heads AS (
    SELECT o.order_id, max(o.paid) AS paid, max(o.currency) AS currency
    FROM beleg_rows.orders o WHERE o.order_id = ANY (asked) GROUP BY o.order_id
  ), paid AS (
    SELECT q.order_id, coalesce(h.paid, g.paid) AS paid, coalesce(h.currency, g.currency) AS currency,
           greatest(coalesce(h.paid - g.paid, 0), 0) AS beside
    FROM unnest(asked) AS q(order_id) LEFT JOIN heads h USING (order_id) LEFT JOIN goods g USING (order_id)
  ), slices AS (
    SELECT a.order_id, a.slice_id, a.line_id, max(a.quantity) AS quantity FROM added a GROUP BY 1, 2, 3
  ), checks AS (
    SELECT p.order_id, 'order ' || p.order_id AS what, p.paid::numeric AS room,
           (SELECT sum(s.amount) FROM spent s WHERE s.order_id = p.order_id) AS spent,
           p.currency, (SELECT min(s.currency) FROM spent s WHERE s.order_id = p.order_id AND s.currency <> p.currency) AS foreign_money
    FROM paid p
    UNION ALL
    SELECT l.order_id, 'line ' || l.order_id || '/' || l.line_id, l.paid + p.beside,
           (SELECT sum(s.amount) FROM spent s WHERE s.order_id = l.order_id AND s.line_id = l.line_id), p.currency, NULL
    FROM lines l JOIN paid p USING (order_id) WHERE EXISTS (SELECT FROM slices c WHERE c.order_id = l.order_id AND c.line_id = l.line_id)
    UNION ALL
    SELECT c.order_id, 'slice ' || c.slice_id, ceil(l.paid::numeric * least(c.quantity, l.quantity) / greatest(l.quantity, 1)) + p.beside,
           (SELECT sum(s.amount) FROM spent s WHERE s.order_id = c.order_id AND s.slice_id = c.slice_id), p.currency, NULL
    FROM slices c JOIN lines l USING (order_id, line_id) JOIN paid p USING (order_id) WHERE c.quantity IS NOT NULL
  )
  SELECT * INTO over FROM checks k WHERE k.room IS NULL OR k.spent > k.room OR k.foreign_money IS NOT NULL ORDER BY k.what LIMIT 1;
  IF NOT FOUND THEN RETURN NULL; END IF;
  IF over.room IS NULL THEN
    PERFORM beleg_log.broken('never_more_than_paid', format('%s: no payment for it is on record', over.what));
  ELSIF over.foreign_money IS NOT NULL THEN
    PERFORM beleg_log.broken('never_more_than_paid', format('%s: paid in %s, but money left in %s, so the rest is not known', over.what, over.currency, over.foreign_money));
  END IF;
  PERFORM beleg_log.broken('never_more_than_paid',
    format('%s: %s %s would have left or be set aside (minor units), paid were %s', over.what, over.spent, over.currency, over.room));
  RETURN NULL;
END $$;

-- released: a reservation stands behind a release of exactly this money, agreed by a second person where one was asked for.
CREATE OR REPLACE FUNCTION beleg_log.released() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE bad record;
BEGIN
  SELECT a.id INTO bad FROM added a WHERE (
    SELECT count(*) FROM beleg_rows.decisions d
    WHERE d.id = a.decision_id AND d.outcome = 'release' AND d.order_id = a.order_id AND d.slice_id = a.slice_id
      AND d.amount = a.amount AND d.currency = a.currency AND d.instrument IS NOT DISTINCT FROM a.instrument
      AND d.line_id IS NOT DISTINCT FROM a.line_id AND d.refund_id IS NOT DISTINCT FROM a.refund_id) = 0 LIMIT 1;
  IF FOUND THEN
    PERFORM beleg_log.broken('released', format('reservation %s: no release of exactly this money stands behind it', bad.id));
  END IF;
  SELECT a.id INTO bad FROM added a
    CROSS JOIN LATERAL (SELECT n.* FROM beleg_rows.decisions n WHERE n.id = a.decision_id OFFSET 0) d
    WHERE (SELECT count(*) FROM beleg_rows.decisions e WHERE e.request_id = d.request_id AND e.needs_approval) > 0
      AND (
        SELECT count(*) FROM beleg_rows.decisions e CROSS JOIN LATERAL (
          SELECT FROM beleg_rows.approvals p
          WHERE p.decision_id = e.id AND p.verdict = 'release' AND p.amount = d.amount AND p.currency = d.currency
            AND p.order_id = d.order_id AND p.instrument IS NOT DISTINCT FROM d.instrument OFFSET 0) p
        WHERE e.request_id = d.request_id) = 0
      AND (
        SELECT count(*) FROM beleg_rows.decisions e
        WHERE e.request_id = d.request_id AND e.default = 'release' AND e.deadline <= beleg_log.now_micros()) = 0 LIMIT 1;
  IF FOUND THEN
    PERFORM beleg_log.broken('two_persons', format('reservation %s: a second person has to agree first, and none has', bad.id));
  END IF;
  RETURN NULL;
END $$;

-- reserved: a release sets its money aside in the same transaction.
CREATE OR REPLACE FUNCTION beleg_log.reserved() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM beleg_rows.reservations v WHERE v.decision_id = NEW.id) THEN
    PERFORM beleg_log.broken('reserved', format('decision %s: a release sets its money aside with it', NEW.id));
  END IF;
  RETURN NULL;
END $$;

-- ended: a reservation ends once, by what is on record.
CREATE OR REPLACE FUNCTION beleg_log.ended() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE bad record;
BEGIN
  SELECT a.id, a.reservation_id, a.outcome INTO bad FROM added a
    LEFT JOIN beleg_rows.reservations v ON v.id = a.reservation_id AND v.order_id = a.order_id
    LEFT JOIN beleg_rows.refunds f ON f.id = a.refund_fact AND f.order_id = a.order_id
    WHERE v.id IS NULL
      OR (a.outcome = 'paid' AND f.status IS DISTINCT FROM 'settled')
      OR (a.outcome = 'failed' AND f.status IS DISTINCT FROM 'failed')
      OR (a.outcome IN ('paid', 'failed') AND v.refund_id IS NOT NULL AND f.refund_id IS DISTINCT FROM v.refund_id)
      OR (a.outcome = 'expired' AND v.expires_at > beleg_log.now_micros()) LIMIT 1;
  IF FOUND THEN
    PERFORM beleg_log.broken('ended', format('reservation %s: nothing on record says that it is %s', bad.reservation_id, bad.outcome));
  END IF;
  RETURN NULL;
END $$;

-- two_persons: who approves is on the roster, from another team than who asked, and neither of them, nor the customer, under another name.
CREATE OR REPLACE FUNCTION beleg_log.two_persons() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE bad record; now bigint := beleg_log.now_micros();
BEGIN
  WITH roster AS (
    SELECT s.login, s.person, s.team, s.contact FROM beleg_rows.staff s
    WHERE coalesce(s.valid_from, now) <= now AND coalesce(s.valid_to, now + 1) > now
  )
  SELECT a.id, why.said INTO bad FROM added a
    LEFT JOIN beleg_rows.decisions d ON d.id = a.decision_id
    CROSS JOIN LATERAL (SELECT CASE
      WHEN d.id IS NULL OR d.outcome NOT IN ('hold', 'review') THEN 'no answer asked for a second person'
      WHEN (a.order_id, a.amount, a.currency) IS DISTINCT FROM (d.order_id, d.amount, d.currency)
        OR a.instrument IS DISTINCT FROM d.instrument THEN 'it is for other money than was asked for'
      WHEN (SELECT count(DISTINCT r.person) FROM roster r WHERE r.login = a.approver) <> 1 THEN 'the approver is no one person on the roster'
      WHEN d.requester IS NOT NULL AND (SELECT count(DISTINCT r.person) FROM roster r WHERE r.login = d.requester) <> 1
        THEN 'the requester is no one person on the roster, so nobody can be shown to be another'
      WHEN EXISTS (SELECT FROM roster x JOIN roster y ON x.person = y.person OR x.contact = y.contact
        WHERE x.login = a.approver AND y.login = d.requester) THEN 'approver and requester are the same person'
      WHEN d.requester IS NOT NULL AND NOT a.emergency AND NOT EXISTS (SELECT FROM roster x JOIN roster y ON x.team <> y.team
        WHERE x.login = a.approver AND y.login = d.requester) THEN 'the approver is not known to be from another team'
      WHEN EXISTS (SELECT FROM roster x JOIN roster z ON z.person = x.person JOIN beleg_rows.identifiers i ON i.value = z.contact
        WHERE x.login = a.approver AND i.account_id = d.account_id) THEN 'the approver is the customer'
    END) AS why(said)
    WHERE why.said IS NOT NULL LIMIT 1;
  IF FOUND THEN
    PERFORM beleg_log.broken('two_persons', format('approval %s: %s', bad.id, bad.said));
  END IF;
  RETURN NULL;
END $$;

-- Collects the units of several esimd stations in PostgreSQL 14 or newer. Load it once: psql -f station-collect.sql
-- Each event is kept as it came, under its own id: one that comes twice is there once. The views are made from the events.

begin;

create table unit_event (
  id uuid primary key,
  device text not null,
  station text not null,
  stream uuid not null,
  sequence bigint not null,
  dropped jsonb,
  entry jsonb not null,
  recorded_at timestamptz not null,
  received_at timestamptz not null default now()
);

create index on unit_event ((entry ->> 'serial'));
create index on unit_event ((entry ->> 'eid'));
create index on unit_event ((entry ->> 'run'));

-- True: it was new. False: it had come before, or is of another kind.
create function take_event(event jsonb) returns boolean language plpgsql as $$
begin
  if event ->> 'schema' is distinct from 'esimd.event/1' then
    raise exception 'no event of esimd: schema %', event ->> 'schema';
  end if;
  if event ->> 'kind' is distinct from 'unit' then
    return false;
  end if;
  insert into unit_event (id, device, station, stream, sequence, dropped, entry, recorded_at)
  values (
    (event ->> 'id')::uuid,
    event ->> 'device',
    event ->> 'station',
    (event ->> 'stream')::uuid,
    (event ->> 'sequence')::bigint,
    nullif(event -> 'dropped', 'null'::jsonb),
    event -> 'entry',
    (event -> 'entry' ->> 'at')::timestamptz
  )
  on conflict (id) do nothing;
  return found;
end
$$;

-- Every run of every unit, with the labels that were printed after it.
create view unit_run as
select
  e.station,
  e.device,
  e.entry ->> 'batch' as batch,
  (e.entry ->> 'slot')::int as slot,
  e.entry ->> 'serial' as serial,
  e.entry ->> 'eid' as eid,
  e.entry ->> 'imei' as imei,
  e.entry ->> 'iccid' as iccid,
  e.entry ->> 'sid' as sid,
  e.entry ->> 'verdict' as verdict,
  e.entry ->> 'state' as state,
  e.entry -> 'error' ->> 'code' as error_code,
  e.entry -> 'error' ->> 'message' as error_message,
  (e.entry ->> 'seconds')::numeric as seconds,
  (e.entry ->> 'charges')::int as charges,
  (e.entry ->> 'run')::uuid as run,
  e.recorded_at as ended_at,
  e.sequence,
  (
    select count(*) from unit_event l
    where l.entry ->> 'run' = e.entry ->> 'run'
      and l.entry ->> 'kind' = 'label' and l.entry -> 'result' ->> 'kind' = 'printed'
  ) as labels,
  exists (
    select from unit_event v
    where v.entry ->> 'serial' = e.entry ->> 'serial' and v.entry ->> 'kind' = 'voided'
      and coalesce(v.entry ->> 'eid', e.entry ->> 'eid') is not distinct from e.entry ->> 'eid'
      and v.recorded_at >= e.recorded_at
  ) as voided
from unit_event e
where e.entry ->> 'kind' = 'ended';

-- Each unit by its last run. A serial number and an EID are one unit; what has only one of them stands for itself.
create view unit as
select distinct on (serial, eid) r.*, count(*) over (partition by serial, eid) as runs
from unit_run r
order by serial, eid, ended_at desc, sequence desc;

-- What should not be: one serial number or one EID in two units that nobody took back, over all stations.
create view unit_twice as
select 'serial' as what, serial as value, array_agg(distinct eid) as others, array_agg(distinct station) as stations
from unit_run where verdict = 'PASS' and not voided and serial is not null group by serial having count(distinct eid) > 1
union all
select 'eid', eid, array_agg(distinct serial), array_agg(distinct station)
from unit_run where verdict = 'PASS' and not voided and eid is not null group by eid having count(distinct serial) > 1;

-- What the outboxes had no room for.
create view unit_gap as
select station, device, stream, (dropped ->> 'from')::bigint as from_sequence, (dropped ->> 'to')::bigint as to_sequence, recorded_at
from unit_event where dropped is not null;

commit;

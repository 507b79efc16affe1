"""The limit: the barest SQL that finds by meaning and by words, in one round trip.

It is given no kinds, purposes, validity, rarity of terms or reasons to think of.
"""

# One scan, two lists of 30, reciprocal ranks, the scope set on the way.
LIMIT = "select * from bench_limit(%s, %s, %s::halfvec, %s)"
LIMIT_SQL = """
create or replace function bench_limit(
    p_tenant uuid, p_customer uuid, p_vector halfvec, p_terms text
) returns table (id uuid, text text, occurred_at timestamptz, score float8)
language plpgsql as $$
begin
perform set_config('app.tenant_id', p_tenant::text, true),
        set_config('app.customer_id', p_customer::text, true);
return query
with c as materialized (
    select e.id, e.occurred_at, e.text, e.vector <#> p_vector as d,
           case when e.keywords @@ q.terms
                then ts_rank(e.keywords, q.terms) end as s
      from memory_embedding e,
           (select (select to_tsquery('english', p_terms)) as terms offset 0) q
     where e.tenant_id = p_tenant and e.customer_id = p_customer
),
u as (
    select a.id, a.text, a.occurred_at,
           1.0::float8 / (60 + row_number() over ()) as points
      from (select * from c order by c.d, c.id limit 30) a
    union all
    select b.id, b.text, b.occurred_at,
           1.0::float8 / (60 + row_number() over ())
      from (select * from c where s is not null order by c.s desc, c.id limit 30) b
)
select u.id, min(u.text), min(u.occurred_at), sum(u.points) as score
  from u group by u.id order by score desc, u.id limit 10;
end $$
"""

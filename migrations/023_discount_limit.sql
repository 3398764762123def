-- How much of a price a role may let go without somebody who may more. Roles from before there was such a limit keep on
-- without one.
ALTER TABLE role ADD COLUMN discount_limit BIGINT NOT NULL DEFAULT 1000000;
-- And who sells asks another price as before.
UPDATE role SET permissions = REPLACE(permissions, 'counter.sell', 'counter.sell counter.price');

-- A row's place in the order, by scope, is asked for by copies. Rows of these tables go to none.
DROP INDEX api_key_rev;
DROP INDEX network_rule_rev;
DROP INDEX number_counter_rev;

-- Of the others only a file that copies read from is asked, and its server makes the indexes when it opens it
-- (feed/order.rs). Everybody else paid for them with every row that a sale changes. Tables that are only added to keep
-- theirs everywhere: a copy forgets their rows by it.
/*sqlite:
DROP INDEX attention_rev;
DROP INDEX balance_rev;
DROP INDEX barcode_rev;
DROP INDEX category_rev;
DROP INDEX company_rev;
DROP INDEX device_rev;
DROP INDEX horizon_rev;
DROP INDEX import_row_rev;
DROP INDEX location_rev;
DROP INDEX opening_rev;
DROP INDEX parked_cart_rev;
DROP INDEX person_rev;
DROP INDEX print_job_rev;
DROP INDEX printer_rev;
DROP INDEX product_image_rev;
DROP INDEX product_rev;
DROP INDEX product_tag_rev;
DROP INDEX profile_rev;
DROP INDEX role_rev;
DROP INDEX sale_line_refunded_rev;
DROP INDEX sale_print_rev;
DROP INDEX shift_rev;
DROP INDEX shift_total_rev;
DROP INDEX stock_value_rev;
DROP INDEX tax_rev;
DROP INDEX till_rev;
DROP INDEX warehouse_rev;
*/

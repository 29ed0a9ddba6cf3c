-- The way back: what the second migration made.

DROP FUNCTION tenure_forget_receipts(interval);
DROP TABLE receipt, field_owner;

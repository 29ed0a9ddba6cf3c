-- Downgrade of 0002.

DROP FUNCTION tenure_forget_receipts(interval);
DROP TABLE receipt, field_owner;

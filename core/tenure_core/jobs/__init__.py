"""Jobs: what plugins do again and again, put into procrastinate's queue when it is due."""

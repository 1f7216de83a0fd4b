"""Where records live: the encrypted file of a desk and the PostgreSQL of the centre, one set of tables for both."""

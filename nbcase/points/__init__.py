"""量化积分: one catalogue as data, one closed language of integers, the same points at the desk and for everybody."""

"""Keep facts and read them back as tables: engines are chosen here, and views narrow what is asked about."""

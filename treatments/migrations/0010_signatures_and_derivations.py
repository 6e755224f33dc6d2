# What is kept of a record beside its rows.

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('treatments', '0009_record_of_the_procedure'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Derivation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('algorithm', models.PositiveSmallIntegerField()),
                ('figures', models.JSONField(help_text='By name: the value as text or null, and the rows that are missing for it.')),
                ('factor', models.DecimalField(decimal_places=1, max_digits=7, null=True)),
                ('dose', models.DecimalField(decimal_places=1, max_digits=7, null=True)),
                ('leucocytes', models.CharField(blank=True, max_length=8)),
                ('paw', models.CharField(blank=True, max_length=8)),
                ('missing', models.JSONField(default=list, help_text='Fields that the protocol asks for and the record lacks.')),
                ('computed_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Signature',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('record', 'Record signed'), ('amendment', 'Amendment co-signed')], max_length=12)),
                ('at', models.DateTimeField()),
                ('digest', models.CharField(max_length=64)),
                ('entries', models.JSONField(default=list, help_text='Section, account and time of each part.')),
            ],
            options={
                'ordering': ['at'],
            },
        ),
        migrations.RemoveField(
            model_name='amendmentevent',
            name='author',
        ),
        migrations.RemoveField(
            model_name='amendmentevent',
            name='pgh_context',
        ),
        migrations.RemoveField(
            model_name='amendmentevent',
            name='pgh_obj',
        ),
        migrations.RemoveField(
            model_name='amendmentevent',
            name='session',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='amendment',
            name='insert_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='amendment',
            name='update_update',
        ),
        migrations.AddField(
            model_name='amendment',
            name='needs_cosignature',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='amendment',
            name='section',
            field=models.CharField(blank=True, choices=[('recipient', 'Patient on the day'), ('draw', 'Draw'), ('preparation', 'Preparation'), ('readying', 'Skin, numbing, time-out'), ('injections', 'Injections'), ('discharge', 'Afterwards')], max_length=12, verbose_name='part of the record'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='amendment',
            trigger=pgtrigger.compiler.Trigger(name='amendment_is_kept', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='17046bb80b32c6774c375193a7331cc04afc76c1', operation='UPDATE OR DELETE', pgid='pgtrigger_amendment_is_kept_16864', table='treatments_amendment', when='BEFORE')),
        ),
        migrations.AddField(
            model_name='derivation',
            name='session',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='derivations', to='treatments.session'),
        ),
        migrations.AddField(
            model_name='signature',
            name='amendment',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='cosignature', to='treatments.amendment'),
        ),
        migrations.AddField(
            model_name='signature',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='signature',
            name='session',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='signatures', to='treatments.session'),
        ),
        migrations.DeleteModel(
            name='AmendmentEvent',
        ),
        migrations.AddConstraint(
            model_name='derivation',
            constraint=models.UniqueConstraint(fields=('session', 'algorithm'), name='one_derivation_per_algorithm'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='derivation',
            trigger=pgtrigger.compiler.Trigger(name='signed_record_is_kept', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            IF EXISTS (SELECT FROM treatments_session s WHERE s.id = OLD.session_id AND s.status = 'signed') THEN\n                RAISE EXCEPTION 'A signed record is not changed: corrections are amendments.' USING ERRCODE = 'check_violation', CONSTRAINT = 'signed_record_is_kept';\n            END IF;\n            RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;\n        ", hash='7a7602e04cbf0ecdb0a89f964a5c545634a27f0b', operation='UPDATE OR DELETE', pgid='pgtrigger_signed_record_is_kept_ca138', table='treatments_derivation', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='signature',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'record')), fields=('session',), name='one_signature_per_record'),
        ),
        migrations.AddConstraint(
            model_name='signature',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('amendment__isnull', True), ('kind', 'record')), models.Q(('amendment__isnull', False), ('kind', 'amendment')), _connector='OR'), name='cosignature_names_its_amendment'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='signature',
            trigger=pgtrigger.compiler.Trigger(name='signature_is_kept', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='60a892a3dcdd32bf456e8c35024767a6df447422', operation='UPDATE OR DELETE', pgid='pgtrigger_signature_is_kept_9915b', table='treatments_signature', when='BEFORE')),
        ),
    ]
